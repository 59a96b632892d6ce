import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { WARNINGS } from "../../src/errors.ts";
import { float32ToBfloat16 } from "../../src/formats/numbers.ts";
import { safetensorsHeader, type TensorData, writeSafetensors } from "../../src/formats/safetensors.ts";
import type { LlamaConfig } from "../../src/model/families/llama-config.ts";
import { openModel } from "../../src/model/open.ts";
import type { WeightSource } from "../../src/model/weights.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";
import { u32, type WriterTensor, type WriterValue, writeGguf } from "../formats/gguf-writer.ts";
import { bundledFiles } from "../tokens/bundled.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-field-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const cacheDir = join(scratch, "cache");
const GOLDEN = fileURLToPath(new URL("../golden/llama-tiny/model", import.meta.url));
const golden = openModel(GOLDEN, { cacheDir });
const tensors = (): Map<string, TensorData> =>
  new Map(golden.list().map(({ name, shape }) => [name, { shape, data: golden.read(name) }]));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(scratch, "model-"));
  cpSync(GOLDEN, folder, { recursive: true });
});
const open = (): WeightSource => openModel(folder, { cacheDir });
const EMBEDDING = "model.embed_tokens.weight";

function writeConfig(changes: object): void {
  const path = join(folder, "config.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...changes }));
}

describe("a head beside a config that ties it", () => {
  const withHead = (change: number): WeightSource => {
    const all = tensors();
    const { shape, data } = all.get(EMBEDDING)!;
    const head = Float32Array.from(data as Float32Array);
    head[0]! += change;
    writeSafetensors(join(folder, "model.safetensors"), all.set("lm_head.weight", { shape, data: head }));
    writeConfig({ tie_word_embeddings: true });
    return open();
  };

  it("is used where it differs from the embedding, as in transformers 5", () => {
    const source = withHead(1);
    expect((source.config as LlamaConfig).tied).toBe(false);
    expect(source.read("lm_head.weight")[0]).toBeCloseTo(golden.read(EMBEDDING)[0]! + 1);
  });

  it("is the embedding where it equals it", () => {
    expect((withHead(0).config as LlamaConfig).tied).toBe(true);
  });
});

describe("weights that are not finite are refused when the model is opened", () => {
  it.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])("%d in float32", (value) => {
    const all = tensors();
    const data = all.get("model.layers.1.mlp.up_proj.weight")!.data;
    data[data.length - 1] = value;
    writeSafetensors(join(folder, "model.safetensors"), all);
    expect(open).toThrow(
      /model\.layers\.1\.mlp\.up_proj\.weight has a value that is infinite or not a number/,
    );
  });

  it("in bfloat16", () => {
    const entries = [...tensors()].map(([name, { shape, data }]) => {
      const values = Float32Array.from(data as Float32Array);
      if (name === "model.norm.weight") values[3] = Number.POSITIVE_INFINITY;
      return { name, shape, dtype: "BF16", length: 2 * values.length, words: float32ToBfloat16(values) };
    });
    const bodies = entries.map(({ words }) => new Uint8Array(words.buffer));
    writeFileSync(
      join(folder, "model.safetensors"),
      Buffer.concat([safetensorsHeader(entries).bytes, ...bodies]),
    );
    expect(open).toThrow(/model\.norm\.weight has a value/);
  });
});

describe("hostile sizes", () => {
  it.each([
    [{ num_hidden_layers: 2 ** 31 }, /num_hidden_layers: 2147483648 is more than 4096/],
    [{ num_hidden_layers: 4000 }, /claims 4000 layers; there are \d+ tensors/],
    [{ head_dim: 2 ** 30 }, /claims heads of 1073741824 dimensions/],
    [{ max_position_embeddings: 3e8 }, /max_position_embeddings: 300000000 is more than 1048576/],
    [{ vocab_size: 1e12 }, /vocab_size: 1000000000000 is more than 2147483647/],
    [{ vocab_size: 2 ** 31 - 1 }, /embed_tokens\.weight: shape/],
    [{ model_type: "smollm3", num_hidden_layers: 3e6 }, /num_hidden_layers: 3000000 is more than 4096/],
    [{ num_attention_heads: 2 ** 53 }, /num_attention_heads: 9007199254740992 is more than/],
  ])("%j is refused at once", (changes, message) => {
    writeConfig(changes);
    const before = performance.now();
    expect(open).toThrow(message);
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

describe("finite weights that overflow the first forward pass", () => {
  it("are refused with the tensor's name", () => {
    const all = tensors();
    all.get("model.layers.0.mlp.down_proj.weight")!.data[5] = 1e12;
    writeSafetensors(join(folder, "model.safetensors"), all);
    expect(open).toThrow(/layers\.0\.mlp\.down_proj\.weight has a value of 2\^39 and more/);
  });
});

describe("end tokens", () => {
  const published: unknown[] = [];
  const listen = (text: unknown): unknown => published.push(text);
  beforeEach(() => subscribe(WARNINGS, listen));
  afterEach(() => unsubscribe(WARNINGS, listen));

  it("without an embedding are left out with a warning", () => {
    writeConfig({ eos_token_id: [1, 12345] });
    expect(open().config.eosIds).toEqual([1]);
    expect(published).toEqual([expect.stringMatching(/eos_token_id 12345 is no id of a vocabulary of \d+/)]);
  });

  it("of another type are refused", () => {
    writeConfig({ eos_token_id: "2" });
    expect(open).toThrow(/eos_token_id: \["2"\] is not a token id/);
  });
});

describe("stored types", () => {
  it("that are no floating type are refused with the tensor's name", () => {
    const path = join(folder, "model.safetensors");
    const bytes = readFileSync(path);
    const size = Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + size));
    header["model.norm.weight"].dtype = "I32";
    const text = Buffer.from(JSON.stringify(header).padEnd(size));
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 8), text, bytes.subarray(8 + size)]));
    expect(open).toThrow(/model\.norm\.weight: is stored as I32; read are F64, F32, F16, BF16/);
  });
});

describe("a split GGUF file", () => {
  const f32 = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
  const META: Record<string, WriterValue> = {
    "general.architecture": { str: "llama" },
    "llama.block_count": { u32: 1 },
    "llama.context_length": { u32: 64 },
    "llama.embedding_length": { u32: 2 },
    "llama.feed_forward_length": { u32: 2 },
    "llama.attention.head_count": { u32: 1 },
    "llama.attention.layer_norm_rms_epsilon": { f32: 1e-5 },
  };
  const matrix = (name: string, shape: number[]): WriterTensor => ({
    name,
    shape,
    type: 0,
    bytes: f32(...Array.from({ length: shape[0]! * (shape[1] ?? 1) }, (_, i) => i + 1)),
  });
  const first = [matrix("token_embd.weight", [3, 2]), matrix("output_norm.weight", [2])];
  const block = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];
  const second = [
    ...block.map((name) => matrix(`blk.0.${name}.weight`, [2, 2])),
    ...["attn_norm", "ffn_norm"].map((name) => matrix(`blk.0.${name}.weight`, [2])),
  ];
  const part = (no: number): string => join(folder, `m-0000${no + 1}-of-00002.gguf`);
  const write = (no: number, metadata: Record<string, WriterValue>, list: WriterTensor[]): void =>
    writeGguf(part(no), { ...metadata, "split.no": { u32: no }, "split.count": { u32: 2 } }, list);

  beforeEach(() => {
    folder = mkdtempSync(join(scratch, "split-"));
  });

  it("opens by any of its parts, or by its folder, as the whole model", () => {
    write(0, META, first);
    write(1, {}, second);
    writeGguf(join(scratch, "whole.gguf"), META, [...first, ...second]);
    const whole = openModel(join(scratch, "whole.gguf"), { cacheDir });
    for (const path of [part(0), part(1), folder]) {
      const source = openModel(path, { cacheDir });
      expect(source.config).toEqual(whole.config);
      for (const { name } of whole.list()) expect(source.read(name)).toEqual(whole.read(name));
    }
  });

  it("names the part that is missing, and one of another split", () => {
    write(0, META, first);
    expect(() => openModel(part(0), { cacheDir })).toThrow(
      /is a part of a split GGUF, and .*m-00002-of-00002\.gguf is missing/,
    );
    writeGguf(part(1), { "split.no": { u32: 7 }, "split.count": { u32: 2 } }, second);
    expect(() => openModel(part(0), { cacheDir })).toThrow(/it says it is part 7 of another split/);
  });

  it("2^31 layers, and a number as the name of the architecture, are refused at once", () => {
    writeGguf(join(folder, "a.gguf"), { ...META, "llama.block_count": { u32: 2 ** 31 } }, first);
    expect(() => openModel(join(folder, "a.gguf"), { cacheDir })).toThrow(/is more than 4096/);
    writeGguf(join(folder, "b.gguf"), { ...META, "general.architecture": { u32: 7 } }, first);
    expect(() => openModel(join(folder, "b.gguf"), { cacheDir })).toThrow(
      /general\.architecture is 7, not a name/,
    );
  });

  it("an infinite weight is refused", () => {
    writeGguf(join(folder, "c.gguf"), META, [
      ...first,
      ...second.map((tensor, i) =>
        i === 3 ? { ...tensor, bytes: Buffer.concat([f32(1, 2, 3), u32(0x7f800000)]) } : tensor,
      ),
    ]);
    expect(() => openModel(join(folder, "c.gguf"), { cacheDir })).toThrow(
      /o_proj\.weight has a value that is infinite/,
    );
  });
});

describe("tokenizer and model", () => {
  it("ids beyond the embedding are refused", async () => {
    const files = { ...bundledFiles(), model: { vocabSize: 4000, eosIds: [] } };
    await expect(loadTokenizer(files)).rejects.toMatchObject({
      kind: "data",
      message: expect.stringContaining(
        "its largest id is 4095, and the model has embeddings for ids below 4000",
      ),
    });
  });

  it("the end token of config.json is used where there is no generation_config.json", async () => {
    const files = bundledFiles();
    const tokenizerConfig = {
      ...files.tokenizerConfig,
      eos_token: null,
      chat_template: "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
    };
    const model = { vocabSize: 4096, eosIds: [2] };
    const none = { ...files, tokenizerConfig, generationConfig: undefined };
    const tokenizer = await loadTokenizer({ ...none, model });
    expect([tokenizer.endOfTurnIds, tokenizer.eosIds]).toEqual([[2], [2]]);
    await expect(loadTokenizer(none)).rejects.toThrow(/nor an eos token ends/);
  });
});
