import { expect, it } from "vitest";
import { relativeError } from "../../src/engines/conformance/run.ts";
import type { Engine, HostTensor, Tensors } from "../../src/engines/engine.ts";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import type { LoraConfig } from "../../src/lora/config.ts";
import type { Precision } from "../../src/program/precision.ts";
import type { Program } from "../../src/program/program.ts";
import { createRng } from "../../src/rng.ts";
import { type TrainingPrograms, trainingPrograms } from "../../src/train/programs.ts";
import { maskFeeds } from "../../src/train/stepper.ts";
import { expectClose } from "../expect-close.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  TINY_LORA,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../tiny-model.ts";

export interface Variant {
  readonly name: string;
  readonly lora?: Partial<LoraConfig>;
  readonly model?: Record<string, unknown>;
  readonly dropout?: number;
  readonly recompute?: boolean;
}

export const VARIANTS: readonly Variant[] = [
  { name: "all linears" },
  { name: "all linears, recomputed", recompute: true },
  { name: "attention only", lora: { targets: "attention" } },
  { name: "attention only, recomputed", lora: { targets: "attention" }, recompute: true },
  { name: "some of the siblings", lora: { targets: ["q_proj", "v_proj", "up_proj"] } },
  { name: "unequal ranks", lora: { rankPattern: { k_proj: 1, gate_proj: 5 } } },
  { name: "one layer", lora: { targets: ["model.layers.1.self_attn.v_proj"] } },
  { name: "dropout", dropout: 0.3 },
  { name: "dropout, recomputed", dropout: 0.3, recompute: true },
  {
    name: "biases, untied head",
    model: { tie_word_embeddings: false, attention_bias: true, mlp_bias: true },
  },
];

/** Feeds of every dropout site of a Program. */
export const masks = (program: Program): Tensors => maskFeeds(program, { seed: 5, step: 3, microStep: 1 });

/** Two steps, two accumulated batches with one update, and the loss: all Programs of a run. */
async function train(engine: Engine, programs: TrainingPrograms, weights: Tensors, parameters: HostTensor) {
  const batch = tinyFeeds(tinyConfig());
  const memory = memoryWeights(weights);
  const session = await engine.open(memory);
  const zeros = { shape: parameters.shape, data: new Float32Array(parameters.data.length) };
  await session.writeState({ parameters, moment1: zeros, moment2: zeros, gradient: zeros });
  const seen: Record<string, HostTensor> = {};
  const run = async (label: string, program: Program, extra: Tensors): Promise<void> => {
    const feeds = program.name === "update" ? extra : { ...batch.feeds, ...masks(program), ...extra };
    const { outputs, committed } = await (await session.compile(program)).run(feeds);
    expect(committed).toBe(true);
    for (const [name, value] of Object.entries(outputs)) seen[`${label} ${name}`] = value;
  };
  for (const t of [1, 2]) await run(`step ${t}`, programs.step, updateFeeds(batch.count, 1e-2, t));
  for (const t of [1, 2]) await run(`accumulate ${t}`, programs.accumulate, {});
  seen["gradient"] = (await session.readState(["gradient"]))["gradient"]!;
  await run("update", programs.update, updateFeeds(2 * batch.count, 1e-2, 3));
  await run("evaluate", programs.evaluate, {});
  Object.assign(seen, await session.readState(["parameters", "moment1", "moment2"]));
  await session.close();
  memory.dispose();
  return seen;
}

/** Float32 through two layers and four steps is off by less than 2e-5; a wrong fusion by far more. */
const TOLERANCE = 2e-5;

/**
 * In bf16, a sum close to halfway between two bf16 numbers is rounded up or down depending on the order in which it was added,
 * and the difference is carried on. How much that changes is a property of the Program and not of the engine, so it is
 * measured: float32 operands of the reference are changed by one rounding, and the largest change of each tensor over these
 * draws, times 1.5, is allowed.
 */
const DRAWS = 12;

/** Relative size of one rounding to float32. */
const ROUNDING = 2 ** -24;

/** Float32 operands changed by at most one rounding; frozen matrices that are rounded to bf16 keep their values. */
function jittered(tensors: Tensors, programs: TrainingPrograms, seed: string): Tensors {
  const rng = createRng(seed);
  const { values, weights } = programs.step;
  const rounded = new Set(weights.filter((id) => values[id]!.dtype === "bf16").map((id) => values[id]!.name));
  const jitter = ({ shape, data }: HostTensor): HostTensor => ({
    shape,
    data: Float32Array.from(
      data as Float32Array,
      (x) => x * (1 + ROUNDING * 2 * Math.sign(rng.next() - 0.5)),
    ),
  });
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, rounded.has(name) ? tensor : jitter(tensor)]),
  );
}

/** Whole training Programs, as the engine plans them, against the reference, each tensor relative to its largest entry. */
export function describePrograms(
  engine: Engine,
  precision: Precision = "float32",
  variants: readonly Variant[] = VARIANTS,
): void {
  it.each(variants)("$name", async ({ lora, model, dropout = 0, recompute = false }) => {
    const config = tinyConfig(model);
    const weights = randomWeights(config);
    const { layout, parameters } = randomAdapter(config, { ...TINY_LORA, ...lora });
    const { batch, sequence, labelled } = tinyFeeds(config);
    const shape = { batch, sequence, labelled };
    const options = {
      model: config,
      layout,
      shape,
      kind: chat,
      optimizer: OPTIMIZER,
      dropout,
      recompute,
      precision,
    };
    const programs = trainingPrograms(options);
    const expected = await train(referenceEngine, programs, weights, parameters);
    const draws = [];
    for (let draw = 0; precision === "bf16" && draw < DRAWS; draw++) {
      const changed = jittered({ ...weights, parameters }, programs, `draw ${draw}`);
      draws.push(await train(referenceEngine, programs, changed, changed["parameters"]!));
    }
    const actual = await train(engine, programs, weights, parameters);
    for (const [name, tensor] of Object.entries(expected)) {
      expect(actual[name]!.shape, name).toEqual(tensor.shape);
      const tolerance =
        TOLERANCE + 1.5 * Math.max(0, ...draws.map((draw) => relativeError(draw[name]!, tensor)));
      expectClose(actual[name]!.data as Float32Array, tensor.data as Float64Array, tolerance, name);
    }
  });
}
