import { expect, it } from "vitest";
import type { Engine, HostTensor, Tensors } from "../../src/engines/engine.ts";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import type { LoraConfig } from "../../src/lora/config.ts";
import type { Precision } from "../../src/program/precision.ts";
import type { Program } from "../../src/program/program.ts";
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

/** Fed to every dropout site of a Program. */
export const masks = (program: Program): Tensors => maskFeeds(program, { seed: 5, step: 3, microStep: 1 });

/** Two steps, then two accumulated batches with one update, then the loss: everything that a run can do. */
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

/**
 * Whole training Programs, as the engine plans them, against the reference, each tensor relative to its largest entry.
 * Float32 through two layers and four steps is off by less than 2e-5; a wrong fusion by far more.
 */
export function describePrograms(engine: Engine, precision: Precision = "float32", tolerance = 2e-5): void {
  it.each(VARIANTS)("$name", async ({ lora, model, dropout = 0, recompute = false }) => {
    const config = tinyConfig(model);
    const weights = randomWeights(config);
    const { layout, parameters } = randomAdapter(config, { ...TINY_LORA, ...lora });
    const { batch, sequence, labelled } = tinyFeeds(config);
    const shape = { batch, sequence, labelled };
    const options = { model: config, layout, shape, optimizer: OPTIMIZER, dropout, recompute, precision };
    const programs = trainingPrograms(options);
    const expected = await train(referenceEngine, programs, weights, parameters);
    const actual = await train(engine, programs, weights, parameters);
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(actual[name]!.shape, name).toEqual(shape);
      expectClose(actual[name]!.data as Float32Array, data as Float64Array, tolerance, name);
    }
  });
}
