import { describe, expect, test } from "vitest";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import { layOutMemory } from "../../../src/engines/cuda/lowering/arena.ts";
import { lowerProgram } from "../../../src/engines/cuda/lowering/lower.ts";
import type { HostTensor, Tensors } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { familyOf } from "../../../src/model/families/index.ts";
import type { Program, Value } from "../../../src/program/program.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import { maskFeeds } from "../../../src/train/stepper.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../../tiny-model.ts";
import { library, missing } from "./emulator.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;

/** Wide enough for a mask of more than one block of threads. */
const config = tinyConfig({ intermediate_size: 284 });
const { layout, parameters } = randomAdapter(config);
const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);

const programsOf = (dropout: number, recompute = false) =>
  trainingPrograms({
    ...{ model: config, layout, shape: { batch, sequence, labelled }, kind: chat, optimizer: OPTIMIZER },
    ...{ dropout, recompute, precision: "bf16" },
  });

/** The same Program with masks as plain inputs. */
const withoutSites = (program: Program): Program => ({
  ...program,
  values: program.values.map(({ mask: _, ...value }): Value => value),
});

const plain = (masks: Tensors): Tensors =>
  Object.fromEntries(Object.entries(masks).map(([name, { shape, data }]) => [name, { shape, data }]));

type Place = Parameters<typeof maskFeeds>[1];
/** Runs two to four replay a captured graph. */
const PLACES: readonly Place[] = [0, 1, 2, 3].map((step) => ({
  seed: 0x80000007,
  step,
  microStep: step % 2,
}));

/** Gradient of each (step, micro-step), and the parameters after a step at each. */
async function train(
  recompute: boolean,
  uploaded: boolean,
): Promise<{ gradients: HostTensor[]; after: Tensors }> {
  const memory = memoryWeights(randomWeights(config));
  const session = await cudaEngine.open(memory);
  const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
  await session.writeState({ parameters, moment1: zeros, moment2: zeros });
  const { accumulate, step } = programsOf(0.3, recompute);
  const run = async (program: Program, place: Place, extra: Tensors = {}): Promise<void> => {
    const masks = maskFeeds(program, place);
    const executable = await session.compile(uploaded ? sitesless(program) : program);
    await executable.run({ ...feeds, ...(uploaded ? plain(masks) : masks), ...extra });
  };
  const known = new Map<Program, Program>();
  const sitesless = (program: Program): Program => {
    if (!known.has(program)) known.set(program, withoutSites(program));
    return known.get(program)!;
  };
  const gradients: HostTensor[] = [];
  for (const place of [...PLACES, PLACES[0]!]) {
    await session.writeState({ gradient: zeros });
    await run(accumulate, place);
    gradients.push((await session.readState(["gradient"]))["gradient"]!);
  }
  for (const [t, place] of PLACES.entries()) await run(step, place, updateFeeds(count, 1e-2, t + 1));
  const after = await session.readState(["parameters", "moment1", "moment2"]);
  await session.close();
  memory.dispose();
  return { gradients, after };
}

describe.skipIf(missing !== null)("dropout masks generated on the device", () => {
  test.each([false, true])("train to the same bits as uploaded masks (recomputed: %s)", async (recompute) => {
    const made = await train(recompute, false);
    expect(made).toEqual(await train(recompute, true));
    const [first, ...others] = made.gradients;
    expect(others.at(-1)).toEqual(first);
    for (const other of others.slice(0, -1)) expect(other).not.toEqual(first);
  });

  test("upload sixteen bytes each, and are not kept between the forward and the backward pass", () => {
    const memoryOf = (program: Program) => layOutMemory(lowerProgram(program));
    const program = programsOf(0.3).step;
    const sites = program.values.filter(({ mask }) => mask !== undefined);
    // Inputs of a layer's projections: q/k/v, o, gate/up, down.
    expect(sites).toHaveLength(8);
    const [made, uploaded, without] = [program, withoutSites(program), programsOf(0).step].map(memoryOf);
    expect(made!.feedBytes - without!.feedBytes).toBe(256);
    const bytes = sites.reduce((sum, { shape }) => sum + (shape as number[]).reduce((a, b) => a * b), 0);
    expect(uploaded!.feedBytes - without!.feedBytes).toBeGreaterThanOrEqual(bytes);
    // One mask at a time, beside the masked copies.
    const widest =
      batch *
      sequence *
      Math.max(
        ...familyOf(config)
          .linears(config)
          .map(({ shape }) => shape[1]),
      );
    expect(made!.arenaBytes - uploaded!.arenaBytes).toBeLessThanOrEqual(widest + 256);
  });

  test("are rejected as fed data", async () => {
    const memory = memoryWeights(randomWeights(config));
    const session = await cudaEngine.open(memory);
    const { accumulate } = programsOf(0.3);
    const executable = await session.compile(accumulate);
    const masks = plain(maskFeeds(accumulate, PLACES[0]!));
    await expect(executable.run({ ...feeds, ...masks })).rejects.toThrow(
      "input dropout_mask.0 takes a FedMask",
    );
    await session.close();
    memory.dispose();
  });
});
