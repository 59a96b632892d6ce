import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { exportModel } from "../../src/export/export.ts";
import { type GgufType, writeMergedGguf } from "../../src/export/gguf/gguf.ts";
import { openGgufFile } from "../../src/formats/gguf.ts";
import { adapterOn } from "../../src/lora/adapter.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";
import { CASES, expectGoldenLogits } from "../golden/peft.ts";
import { baseFolder, writeTestAdapter } from "./fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-gguf-"));
const at = (name: string): string => join(scratch, name);
const cacheDir = at("cache");
const base = openModel(baseFolder, { cacheDir });
writeTestAdapter(base, at("adapter"));
const write = (type: GgufType) =>
  exportModel({
    ...{ base, adapter: at("adapter"), format: "gguf", out: at(type), engine: onnxEngine, type },
    name: "shoes",
  });
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Bases that GGUF cannot say, with the reason. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  mistral: /family mistral/,
  "mistral-window": /family mistral/,
  "qwen2-window": /no sliding windows/,
  qwen3: /no sliding windows/,
  "untied-llama3": /rope scaling other than Meta/,
  gemma3: /family gemma3_text/,
  "gemma3-pattern": /family gemma3_text/,
  granite: /family granite/,
  smollm3: /family smollm3/,
  lfm2: /family lfm2/,
  "lfm2-untied": /family lfm2/,
  gpt2: /family gpt2/,
  "gpt2-untied": /family gpt2/,
};

describe("merged GGUF", () => {
  it.each(CASES)("of %s, %s has the logits of PyTorch + PEFT, or is refused", async (model, name) => {
    const root = join(import.meta.dirname, "../golden", model);
    // The goldens have no tokenizer of their own.
    const source = {
      ...openModel(join(root, "model"), { cacheDir }),
      tokenizerFiles: () => base.tokenizerFiles(),
    };
    const adapter = adapterOn(source.config, readPeft(join(root, name, "adapter")), name);
    const path = join(mkdtempSync(join(scratch, "golden-")), "model.gguf");
    const written = writeMergedGguf(path, source, adapter, { type: "f32", name: model });
    const why = REFUSED[model];
    if (why !== undefined) return expect(written).rejects.toMatchObject({ kind: "data", message: why });
    await written;
    await expectGoldenLogits(openModel(path, { cacheDir }), model, name);
  });

  it("holds Llama 3's rope scaling as divisors", async () => {
    const scaling = {
      ...{ type: "llama3", factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4 },
      originalMaxPositions: 8192,
    } as const;
    const config = { ...base.config, rope: { theta: 5e5, scaling } };
    const adapter = adapterOn(config, readPeft(at("adapter")), "adapter");
    const path = at("llama3.gguf");
    await writeMergedGguf(path, { ...base, config }, adapter, { type: "f16", name: "llama3" });
    expect(openModel(path, { cacheDir }).config).toMatchObject({ rope: config.rope });
  });

  it("holds the tokenizer and the chat template, and a Modelfile says the same to Ollama", async () => {
    const { merge, opens_in } = await write("f32");
    expect(merge).toMatchObject({ dtype: "f32", limit: 1e-4 });
    expect(opens_in).toEqual(["llama.cpp", "lorafit as a base", "Ollama"]);
    const { metadata } = openGgufFile(join(at("f32"), "model.gguf"));
    expect(metadata.get("general.name")).toBe("shoes");
    expect(metadata.get("tokenizer.ggml.pre")).toBe("gpt-2");
    const own = await loadTokenizer(base.tokenizerFiles());
    const copy = await loadTokenizer(openModel(join(at("f32"), "model.gguf"), { cacheDir }).tokenizerFiles());
    for (const text of ["It's 2026: naïve 日本 👩‍👩‍👧 <|im_end|>\n\n  x", "a\tb\r\nc  "])
      expect(copy.encode(text)).toEqual(own.encode(text));
    expect(new Set(copy.eosIds)).toEqual(new Set(own.eosIds));
    // <|im_end|>, which ends a turn.
    const { "tokenizer.ggml.eos_token_id": eos } = Object.fromEntries(metadata);
    expect(eos).toBe(2);
    expect(readFileSync(join(at("f32"), "Modelfile"), "utf8")).toMatch(
      /^FROM \.\/model\.gguf\nTEMPLATE """\{\{- range \.Messages \}\}[\s\S]*<\|im_start\|>assistant\n"""\nPARAMETER stop "<\|im_end\|>"\n/,
    );
  });

  it.each([
    ["q8_0", ["F32", "Q8_0"], 0.05],
    ["q4_0", ["F32", "Q4_0", "Q8_0"], 0.5],
    ["bf16", ["BF16", "F32"], 0.01],
  ] as const)("in %s says what rounding costs", async (type, kinds, most) => {
    const { merge } = await write(type);
    expect(merge).toMatchObject({ dtype: type, limit: null });
    expect(merge!.max_logit_difference).toBeGreaterThan(1e-5);
    expect(merge!.max_logit_difference).toBeLessThan(most);
    const { tensors } = openGgufFile(join(at(type), "model.gguf"));
    expect([...new Set([...tensors.values()].map((tensor) => tensor.type.name))].sort()).toEqual(kinds);
  });
});
