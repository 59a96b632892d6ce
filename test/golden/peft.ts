import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { batchFromClasses, batchFromLabels } from "../../src/data/batch.ts";
import { encoderBatch } from "../../src/data/encoder-batch.ts";
import { roundedReference } from "../../src/engines/conformance/rounded.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { openSafetensors, readBytes } from "../../src/formats/safetensors.ts";
import { adapterOn } from "../../src/lora/adapter.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { appendPairLoss } from "../../src/loss/pair-loss.ts";
import { openModel } from "../../src/model/open.ts";
import { isEncoder } from "../../src/model/programs.ts";
import type { WeightSource } from "../../src/model/weights.ts";
import { debugLogits, debugStep } from "../../src/train/measure/debug.ts";
import { distance, expectClose } from "../expect-close.ts";

export const CASES = [
  ["llama-tiny", "qkvo"],
  ["llama-tiny", "all"],
  ["untied-llama3", "rslora"],
  ["linear-packed", "vdown"],
  ["qwen2", "all"],
  ["mistral", "all"],
  ["mistral-window", "all"],
  ["qwen2-window", "all"],
  ["qwen3", "all"],
  ["qwen3-tied", "all"],
  ["gemma3", "all"],
  ["gemma3-pattern", "all"],
  ["granite", "all"],
  ["smollm3", "all"],
  ["lfm2", "all"],
  ["lfm2", "attention"],
  ["lfm2-untied", "all"],
  ["gpt2", "all"],
  ["gpt2", "attention"],
  ["gpt2-untied", "all"],
] as const;
/** Adapters with a classification head. */
const CLASSIFIERS = [
  ["classify-llama", "all"],
  ["classify-llama", "qv"],
  ["classify-gpt2", "all"],
] as const;
const casesOf = ({ lacks = [] }: Engine) =>
  lacks.includes("crossEntropy") ? CASES : [...CASES, ...CLASSIFIERS];

const ENCODERS = [
  ["bert", "all"],
  ["bert", "attention"],
  ["modernbert", "all"],
  ["modernbert", "attention"],
] as const;

function wide(path: string): Map<string, Float64Array> {
  const file = openSafetensors(path);
  return new Map(
    [...file.tensors.keys()].map((name) => [name, new Float64Array(readBytes(file, name).bytes.buffer)]),
  );
}

/** Pairs of the float64 values of PyTorch + PEFT (make.py) and the values of `engine`. */
async function golden(engine: Engine, model: string, name: string, { gradients = true } = {}) {
  const root = join(import.meta.dirname, model);
  const source = openModel(join(root, "model"), { cacheDir: join(root, "unused") });
  const { layout, flat } = adapterOn(source.config, readPeft(join(root, name, "adapter")), name);
  const content = JSON.parse(readFileSync(join(root, "batch.json"), "utf8"));
  const encoder = isEncoder(source.config);
  const { padId } = source.config;
  const batch =
    layout.head !== undefined
      ? batchFromClasses(content, { classes: layout.head.shape[0]!, padId })
      : encoder
        ? encoderBatch(content, source.config)
        : batchFromLabels(content);
  const { loss_sum, count } = JSON.parse(readFileSync(join(root, name, "expected.json"), "utf8"));
  const session = await engine.open(source);
  const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clip: 1, loraPlusRatio: 1 };
  const steps = { optimizer, learningRate: 1e-3, steps: 3, precision: "float32" } as const;
  const loss = encoder ? { appendLoss: appendPairLoss } : {};
  const logits = await debugLogits(session, source.config, { layout, flat }, batch);
  const expected = wide(join(root, name, "expected.safetensors"));
  const hidden = encoder ? "last_hidden_state" : "logits";
  const pair = (key: string, { data }: { data: unknown }) => ({
    ...{ key, actual: data as Float32Array, expected: expected.get(key)! },
  });
  if (!gradients) {
    await session.close();
    return [pair(hidden, logits)];
  }
  const result = await debugStep(session, { model: source.config, layout, flat, batch, ...steps, ...loss });
  await session.close();
  expect(result.count).toBe(count);
  expect([...result.tensors.keys(), hidden].sort()).toEqual([...expected.keys()].sort());
  const pairs = [...result.tensors, [hidden, logits] as const].map(([key, value]) => pair(key, value));
  return [{ key: "loss", actual: [result.lossSum], expected: [loss_sum] }, ...pairs];
}

/**
 * Loss, gradients, logits and steps relative to the largest entry of each tensor.
 * @param options.only bases to compare; absent: all
 * @param options.steps tolerance of parameters after AdamW, which divides small gradients by their own size
 */
export function describeGoldens(
  engine: Engine,
  tolerance: number,
  { only, steps = tolerance }: { readonly only?: readonly string[]; readonly steps?: number } = {},
): void {
  it.each([...casesOf(engine), ...ENCODERS].filter(([model]) => only?.includes(model) ?? true))(
    "%s, %s: loss, gradients, logits, three AdamW steps",
    async (model, name) => {
      for (const { key, actual, expected } of await golden(engine, model, name)) {
        expectClose(actual, expected, key.startsWith("step.") ? steps : tolerance, key);
      }
    },
  );
}

/** Compares a model that has the adapter merged into its weights with the logits of PyTorch + PEFT on base and adapter. */
export async function expectGoldenLogits(merged: WeightSource, model: string, name: string): Promise<void> {
  const root = join(import.meta.dirname, model);
  const session = await onnxEngine.open(merged);
  const batch = batchFromLabels(JSON.parse(readFileSync(join(root, "batch.json"), "utf8")));
  const { data } = await debugLogits(session, merged.config, null, batch);
  await session.close();
  const expected = wide(join(root, name, "expected.safetensors")).get("logits")!;
  // As for the goldens of onnx: a float32 engine against float64. Merging rounds each weight once more.
  expectClose(data as Float32Array, expected, 1e-4, "logits");
}

function apart(pairs: Awaited<ReturnType<typeof golden>>, kind: RegExp): number {
  const of = pairs.filter(({ key }) => kind.test(key));
  return distance(
    of.flatMap(({ actual }) => Array.from(actual)),
    of.flatMap(({ expected }) => Array.from(expected)),
  );
}

/**
 * Goldens for an engine that keeps activations in bf16. These bases are so small and random that rounding changes a gradient by a
 * tenth, so the limit is the distance of the reference that rounds the same values, times a factor.
 */
export function describeRoundedGoldens(engine: Engine, factor: number): void {
  it.each(casesOf(engine))("%s, %s: as near as rounding allows", async (model, name) => {
    const [ours, rounded] = [await golden(engine, model, name), await golden(roundedReference, model, name)];
    for (const kind of [/^loss/, /^logits/, /^grad/, /lora_A/, /lora_B/, /^(?!loss|logits|grad)/]) {
      expect(apart(ours, kind), kind.source).toBeLessThan(factor * apart(rounded, kind) + 1e-3);
    }
  });
  it.each(ENCODERS)("%s, %s: hidden states as near as rounding allows", async (model, name) => {
    const [ours, rounded] = [
      await golden(engine, model, name, { gradients: false }),
      await golden(roundedReference, model, name, { gradients: false }),
    ];
    expect(apart(ours, /./)).toBeLessThan(factor * apart(rounded, /./) + 1e-3);
  });
}
