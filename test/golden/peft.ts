import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { batchFromLabels } from "../../src/data/batch.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { openSafetensors, readBytes } from "../../src/formats/safetensors.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { adapterOn, debugLogits, debugStep } from "../../src/train/debug.ts";
import { expectClose } from "../expect-close.ts";

const CASES = [
  ["llama-tiny", "qkvo"],
  ["llama-tiny", "all"],
  ["untied-llama3", "rslora"],
  ["linear-packed", "vdown"],
  ["qwen2", "all"],
] as const;

function wide(path: string): Map<string, Float64Array> {
  const file = openSafetensors(path);
  return new Map(
    [...file.tensors.keys()].map((name) => [name, new Float64Array(readBytes(file, name).bytes.buffer)]),
  );
}

/**
 * PyTorch + PEFT in float64 (make.py, which says how rotary angles are rounded): loss, gradients, logits and steps relative
 * to the largest entry of each tensor.
 */
export function describeGoldens(engine: Engine, tolerance: number): void {
  it.each(CASES)("%s, %s: loss, gradients, logits, three AdamW steps", async (model, name) => {
    const root = join(import.meta.dirname, model);
    const source = openModel(join(root, "model"), { cacheDir: join(root, "unused") });
    const { layout, flat } = adapterOn(source.config, readPeft(join(root, name, "adapter")), name);
    const batch = batchFromLabels(JSON.parse(readFileSync(join(root, "batch.json"), "utf8")));
    const expected = wide(join(root, name, "expected.safetensors"));
    const { loss_sum, count } = JSON.parse(readFileSync(join(root, name, "expected.json"), "utf8"));
    const session = await engine.open(source);
    const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clip: 1, loraPlusRatio: 1 };
    const options = {
      model: source.config,
      layout,
      flat,
      batch,
      optimizer,
      learningRate: 1e-3,
      steps: 3,
      precision: "float32",
    } as const;
    const result = await debugStep(session, options);
    expect(result.count).toBe(count);
    expectClose([result.lossSum], [loss_sum], tolerance, "loss");
    const logits = await debugLogits(session, source.config, { layout, flat }, batch);
    expectClose(logits.data as Float32Array, expected.get("logits")!, tolerance, "logits");
    expect([...result.tensors.keys()].sort()).toEqual(
      [...expected.keys()].filter((key) => key !== "logits").sort(),
    );
    for (const [key, { data }] of result.tensors) {
      expectClose(data as Float32Array, expected.get(key)!, tolerance, key);
    }
    await session.close();
  });
}
