import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { exportModel } from "../../src/export/export.ts";
import { writeMergedWeights } from "../../src/export/merged.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { adapterOn } from "../../src/lora/adapter.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { CASES, expectGoldenLogits } from "../golden/peft.ts";
import { baseFolder, writeTestAdapter } from "./fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-merged-"));
const at = (name: string): string => join(scratch, name);
const cacheDir = at("cache");
const base = openModel(baseFolder, { cacheDir });
writeTestAdapter(base, at("adapter"));
const write = (dtype: "float32" | "float16" | "bfloat16", more: { singleFileBytes?: number } = {}) =>
  exportModel({
    ...{ base, adapter: at("adapter"), format: "merged", out: at(dtype), engine: onnxEngine, dtype },
    ...more,
  });
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("merged safetensors", () => {
  it.each(CASES)("of %s, %s have the logits of PyTorch + PEFT", async (model, name) => {
    const root = join(import.meta.dirname, "../golden", model);
    const source = openModel(join(root, "model"), { cacheDir });
    const adapter = adapterOn(source.config, readPeft(join(root, name, "adapter")), name);
    const folder = mkdtempSync(join(scratch, "golden-"));
    writeMergedWeights(folder, source, adapter, { dtype: "float32", shardBytes: 20_000 });
    copyFileSync(join(root, "model/config.json"), join(folder, "config.json"));
    await expectGoldenLogits(openModel(folder, { cacheDir }), model, name);
  });

  it("hold a base that lorafit opens, in shards where they are large", async () => {
    const { merge, opens_in } = await write("float32", { singleFileBytes: 4_000_000 });
    expect(merge).toMatchObject({ dtype: "float32", limit: 1e-4, greedy: { tokens: merge!.greedy.agreed } });
    expect(opens_in).toContain("transformers");
    const files = readdirSync(at("float32")).filter((file) => file.includes("safetensors"));
    expect(files.length).toBeGreaterThan(3);
    const index = JSON.parse(readFileSync(join(at("float32"), "model.safetensors.index.json"), "utf8"));
    expect(index.metadata.total_size).toBe(4 * 5_475_584);
    expect(openModel(at("float32"), { cacheDir }).list()).toHaveLength(base.list().length);
  });

  it.each(["float16", "bfloat16"] as const)("in %s say what rounding costs", async (dtype) => {
    const { merge } = await write(dtype);
    expect(merge).toMatchObject({ dtype, limit: null });
    expect(merge!.max_logit_difference).toBeGreaterThan(1e-6);
    expect(merge!.max_logit_difference).toBeLessThan(0.05);
    const { tensors, metadata } = openSafetensors(join(at(dtype), "model.safetensors"));
    expect(new Set([...tensors.values()].map((tensor) => tensor.dtype))).toEqual(
      new Set([dtype === "float16" ? "F16" : "BF16"]),
    );
    expect(metadata).toEqual({ format: "pt" });
  });

  it("refuse a type for other formats", async () => {
    const out = at("no");
    await expect(
      exportModel({
        ...{ base, adapter: at("adapter"), format: "onnx", out, engine: onnxEngine, dtype: "float16" },
      }),
    ).rejects.toMatchObject({ kind: "usage", message: expect.stringContaining("--dtype") });
  });
});
