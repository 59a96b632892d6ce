import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { batchFromLabels } from "../../src/data/batch.ts";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { openSafetensors, readBytes } from "../../src/formats/safetensors.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { adapterOn, debugLogits, debugStep } from "../../src/train/debug.ts";
import { expectClose } from "../expect-close.ts";

/**
 * PyTorch + PEFT in float64 (see the README beside the files). `reference` differs by float64 rounding and by the
 * adapter's float32 storage, which both share: 1e-6 is far above either. `onnx` computes in float32, like the PyTorch
 * float32 run that differs from these by 2e-6 in gradients and 3e-5 after three AdamW steps.
 */
const ENGINES = [
  { engine: referenceEngine, tolerance: 1e-6 },
  { engine: onnxEngine, tolerance: 1e-4 },

];
const ROOT = join(import.meta.dirname, "llama-tiny");

function wide(path: string): Map<string, Float64Array> {
  const file = openSafetensors(path);
  return new Map([...file.tensors.keys()].map((name) => [name, new Float64Array(readBytes(file, name).bytes.buffer)]));
}

describe.each(ENGINES)("$engine.name against PyTorch + PEFT", ({ engine, tolerance }) => {
  it.each(["qkvo", "all"])("%s: loss, gradients, logits, three AdamW steps", async (name) => {
    const source = openModel(join(ROOT, "model"), { cacheDir: join(ROOT, "unused") });
    const { layout, flat } = adapterOn(source.config, readPeft(join(ROOT, name, "adapter")), name);
    const batch = batchFromLabels(JSON.parse(readFileSync(join(ROOT, "batch.json"), "utf8")));
    const expected = wide(join(ROOT, name, "expected.safetensors"));
    const { loss_sum, count } = JSON.parse(readFileSync(join(ROOT, name, "expected.json"), "utf8"));
    const session = await engine.open(source);
    const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clip: 1, loraPlusRatio: 1 };
    const options = { model: source.config, layout, flat, batch, optimizer, learningRate: 1e-3, steps: 3 };
    const result = await debugStep(session, options);
    expect(result.count).toBe(count);
    expectClose([result.lossSum], [loss_sum], tolerance, "loss");
    const logits = await debugLogits(session, source.config, { layout, flat }, batch);
    expectClose(logits.data as Float32Array, expected.get("logits")!, tolerance, "logits");
    expect([...result.tensors.keys()].sort()).toEqual([...expected.keys()].filter((key) => key !== "logits").sort());
    for (const [key, { data }] of result.tensors) expectClose(data as Float32Array, expected.get(key)!, tolerance, key);
    await session.close();
  });
});
