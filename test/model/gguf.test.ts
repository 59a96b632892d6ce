import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { LlamaConfig } from "../../src/model/families/llama-config.ts";
import { openModel } from "../../src/model/open.ts";
import type { WeightSource } from "../../src/model/weights.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";
import { type WriterTensor, type WriterValue, writeGguf } from "../formats/gguf-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-gguf-"));
afterAll(() => rmSync(folder, { recursive: true }));
const cacheDir = join(folder, "cache");
const openGolden = (name: string): WeightSource =>
  openModel(fileURLToPath(new URL(`../golden/${name}/model`, import.meta.url)), { cacheDir });
const golden = openGolden("llama-tiny");

const NAMES: readonly [RegExp, string][] = [
  [/^model\.embed_tokens/, "token_embd"],
  [/^model\.norm/, "output_norm"],
  [/^model\.layers\.(\d+)\.self_attn\.([qkv])_proj/, "blk.$1.attn_$2"],
  [/^model\.layers\.(\d+)\.self_attn\.([qk])_norm/, "blk.$1.attn_$2_norm"],
  [/^model\.layers\.(\d+)\.self_attn\.o_proj/, "blk.$1.attn_output"],
  [/^model\.layers\.(\d+)\.mlp\.(\w+)_proj/, "blk.$1.ffn_$2"],
  [/^model\.layers\.(\d+)\.input_layernorm/, "blk.$1.attn_norm"],
  [/^model\.layers\.(\d+)\.post_attention_layernorm/, "blk.$1.ffn_norm"],
];

/** llama.cpp's `permute`: reshape [heads, 2, half, width], swap the middle axes. */
function permute(data: Float32Array, heads: number, headDim: number): Float32Array {
  const [half, width] = [headDim / 2, data.length / (heads * headDim)];
  const out = new Float32Array(data.length);
  let to = 0;
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < half; i++) {
      for (let pair = 0; pair < 2; pair++) {
        const row = (head * 2 + pair) * half + i;
        out.set(data.subarray(row * width, (row + 1) * width), width * to++);
      }
    }
  }
  return out;
}

/** The converter permutes the rows of q and k for Llama only. */
function asGguf({ config, list, read }: WeightSource, names = NAMES): WriterTensor[] {
  return list().map(({ name, shape }) => {
    const heads =
      config.family !== "llama"
        ? 0
        : name.includes("q_proj")
          ? config.heads
          : name.includes("k_proj")
            ? config.kvHeads
            : 0;
    const data = heads > 0 ? permute(read(name), heads, config.headDim) : read(name);
    const [pattern, own] = names.find(([known]) => known.test(name))!;
    return {
      name: name.replace(pattern, own),
      shape,
      type: 0,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    };
  });
}

function metadataOf(config: LlamaConfig): Record<string, WriterValue> {
  const { family } = config;
  return {
    "general.architecture": { str: family },
    [`${family}.block_count`]: { u32: config.layers },
    [`${family}.context_length`]: { u32: config.maxPositions },
    [`${family}.embedding_length`]: { u32: config.hiddenSize },
    [`${family}.feed_forward_length`]: { u32: config.intermediateSize },
    [`${family}.attention.head_count`]: { u32: config.heads },
    [`${family}.attention.head_count_kv`]: { u32: config.kvHeads },
    [`${family}.attention.layer_norm_rms_epsilon`]: { f32: config.normEps },
    [`${family}.rope.freq_base`]: { f32: config.rope.theta },
    [`${family}.rope.dimension_count`]: { u32: config.headDim },
    [`${family}.attention.key_length`]: { u32: config.headDim },
    [`${family}.attention.value_length`]: { u32: config.headDim },
  };
}

const METADATA: Record<string, WriterValue> = {
  ...metadataOf(golden.config as LlamaConfig),
  "tokenizer.ggml.model": { str: "gpt2" },
  "tokenizer.ggml.pre": { str: "smollm" },
  "tokenizer.ggml.tokens": { strings: ["<|end|>", "a", "b", "ab", "<tool>"] },
  "tokenizer.ggml.token_type": { i32s: [3, 1, 1, 1, 4] },
  "tokenizer.ggml.merges": { strings: ["a b"] },
  "tokenizer.ggml.bos_token_id": { u32: 1 },
  "tokenizer.ggml.eos_token_id": { u32: 2 },
  "tokenizer.ggml.padding_token_id": { u32: 0 },
  "tokenizer.chat_template": { str: "{{ messages[0].content }}" },
};

function written(
  name: string,
  changes: Record<string, WriterValue> = {},
  extra: WriterTensor[] = [],
  without = "",
): WeightSource {
  const path = join(folder, `${name}.gguf`);
  const tensors = asGguf(golden).filter((tensor) => tensor.name !== without);
  writeGguf(path, { ...METADATA, ...changes }, [...tensors, ...extra]);
  return openModel(path, { cacheDir });
}

test.each(["llama-tiny", "qwen2", "qwen3-tied"])(
  "%s converted to GGUF reads as its Hugging Face folder",
  (model) => {
    const golden = openGolden(model);
    const path = join(folder, `${model}.gguf`);
    writeGguf(path, { ...METADATA, ...metadataOf(golden.config as LlamaConfig) }, asGguf(golden));
    const source = openModel(path, { cacheDir });
    expect(source.config).toEqual(golden.config);
    expect(
      source
        .list()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(
      golden
        .list()
        .map(({ name }) => name)
        .sort(),
    );
    for (const { name, shape } of golden.list()) {
      expect(source.list().find((info) => info.name === name)!.shape).toEqual(shape);
      expect(source.read(name)).toEqual(golden.read(name));
    }
  },
);

/** Gemma's names, before the shared ones. */
const GEMMA_NAMES: typeof NAMES = [
  [/^model\.layers\.(\d+)\.post_attention_layernorm/, "blk.$1.post_attention_norm"],
  [/^model\.layers\.(\d+)\.pre_feedforward_layernorm/, "blk.$1.ffn_norm"],
  [/^model\.layers\.(\d+)\.post_feedforward_layernorm/, "blk.$1.post_ffw_norm"],
  ...NAMES,
];

/** Gemma 3 as llama.cpp's converter writes it: norms stored as 1 + w, no merges, tokens of several spaces with real spaces. */
function writtenGemma(): { golden: WeightSource; source: WeightSource } {
  const golden = openGolden("gemma3");
  const { family: _, ...config } = golden.config as LlamaConfig;
  const tensors = asGguf(golden, GEMMA_NAMES).map((tensor) => {
    if (!tensor.name.includes("norm")) return tensor;
    const weight = new Float32Array(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.length / 4);
    return { ...tensor, bytes: new Uint8Array(weight.map((w) => 1 + w).buffer) };
  });
  const tokens = [
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "  ",
    "<0x0A>",
    "\u2581",
    "a",
    "b",
    "ab",
    "\u2581ab",
    "\n",
  ];
  const path = join(folder, "gemma3.gguf");
  const own = metadataOf({ ...config, family: "gemma3" });
  writeGguf(
    path,
    {
      ...own,
      "general.architecture": { str: "gemma3" },
      "gemma3.attention.sliding_window": { u32: 6 },
      "gemma3.rope.scaling.type": { str: "linear" },
      "gemma3.rope.scaling.factor": { f32: 8 },
      "tokenizer.ggml.model": { str: "llama" },
      "tokenizer.ggml.tokens": { strings: tokens },
      "tokenizer.ggml.token_type": { i32s: [3, 3, 3, 2, 4, 6, 1, 1, 1, 1, 1, 4] },
      "tokenizer.ggml.bos_token_id": { u32: 2 },
      "tokenizer.ggml.eos_token_id": { u32: 1 },
      "tokenizer.ggml.unknown_token_id": { u32: 3 },
      "tokenizer.ggml.padding_token_id": { u32: 0 },
      "tokenizer.ggml.add_bos_token": { bool: true },
    },
    tensors,
  );
  return { golden, source: openModel(path, { cacheDir }) };
}

test("Gemma 3 converted to GGUF reads as its Hugging Face folder, but for what GGUF does not say", () => {
  const { golden, source } = writtenGemma();
  expect(source.config).toEqual({
    ...golden.config,
    // Every sixth layer is full, and the query scale is the head size.
    ...{ sliding: { window: 6, layers: [0, 1, 2] }, queryPreAttnScalar: 10 },
    ...{ bosId: 2, eosIds: [1], padId: 0 },
  });
  for (const { name } of golden.list()) {
    const [actual, expected] = [source.read(name), golden.read(name)];
    if (name.includes("norm")) expect(actual).not.toEqual(expected.map((w) => 1 + w));
    actual.forEach((w, i) => void expect(Math.abs(w - expected[i]!)).toBeLessThan(2e-7));
  }
});

test("Gemma's tokenizer is rebuilt from its vocabulary: merges in the order of ids, spaces as in the text", async () => {
  const files = writtenGemma().source.tokenizerFiles();
  const { model } = files.tokenizerJson as { model: { merges: unknown } };
  expect(model.merges).toEqual([
    ["\u2581", "\u2581"],
    ["a", "b"],
    ["\u2581", "ab"],
  ]);
  const tokenizer = await loadTokenizer(files);
  // "é" is no token and its bytes are none: unknown. The newline is an added token.
  expect(tokenizer.encode("ab  ab\né a")).toEqual([9, 4, 9, 11, 3, 6, 7]);
  expect(tokenizer.decode([9, 4, 9, 11, 10], { skipSpecial: false })).toBe("ab  ab\n ab");
});

test("the float32 copy holds the same values and is written once", () => {
  const source = written("copy");
  const { path, tensors } = source.float32File();
  expect(path.startsWith(join(cacheDir, "float32"))).toBe(true);
  expect([...tensors.keys()].sort()).toEqual(
    golden
      .list()
      .map(({ name }) => name)
      .sort(),
  );
  expect(source.float32File().path).toBe(path);
});

test("the tokenizer is rebuilt: control tokens are special, user-defined ones are not", () => {
  const files = written("tokens").tokenizerFiles();
  const json = files.tokenizerJson as { added_tokens: object[]; model: { vocab: object; merges: string[] } };
  expect(json.added_tokens).toMatchObject([
    { id: 0, content: "<|end|>", special: true },
    { id: 4, content: "<tool>", special: false },
  ]);
  expect(json.model).toMatchObject({
    vocab: { "<|end|>": 0, a: 1, b: 2, ab: 3, "<tool>": 4 },
    merges: ["a b"],
  });
  expect(files.tokenizerConfig).toMatchObject({
    eos_token: "b",
    pad_token: "<|end|>",
    chat_template: "{{ messages[0].content }}",
  });
  expect(files.generationConfig).toEqual({ eos_token_id: [2] });
});

test.each([
  ["another architecture", { "general.architecture": { str: "mamba" } }, /general\.architecture "mamba"/],
  ["experts", { "llama.expert_count": { u32: 8 } }, /expert_count 8/],
  [
    "a scale of the logits",
    { "llama.logit_scale": { f32: 0.5 } },
    /llama\.logit_scale 0\.5 is not supported/,
  ],
  [
    "heads of two sizes",
    { "llama.attention.key_length": { u32: 8 } },
    /key_length 8 and value_length 16 differ/,
  ],
  ["partial rotary", { "llama.rope.dimension_count": { u32: 8 } }, /dimension_count 8/],
  [
    "yarn",
    { "llama.rope.scaling.type": { str: "yarn" }, "llama.rope.scaling.factor": { f32: 4 } },
    /"yarn" is not supported/,
  ],
] as const)("%s is refused by name", (name, changes, message) => {
  expect(() => written(name, changes)).toThrow(message);
});

test.each([
  [
    "SentencePiece",
    { "tokenizer.ggml.model": { str: "llama" } },
    /tokenizer\.ggml\.model "llama" is not supported/,
  ],
  [
    "an unknown pre-tokenizer",
    { "tokenizer.ggml.pre": { str: "tekken" } },
    /tokenizer\.ggml\.pre "tekken" is not supported/,
  ],
  [
    "token types of another length",
    { "tokenizer.ggml.token_type": { i32s: [3] } },
    /5 tokens and 1 token types/,
  ],
] as const)("tokenizer: %s is refused by name", (name, changes, message) => {
  expect(() => written(name, changes).tokenizerFiles()).toThrow(message);
});

test("missing, unexpected and misshaped weights are listed in one error", () => {
  const odd = { name: "blk.0.attn_qkv.weight", shape: [2, 2], type: 0, bytes: new Uint8Array(16) };
  expect(() =>
    written("odd", { "llama.feed_forward_length": { u32: 96 } }, [odd], "output_norm.weight"),
  ).toThrow(/model\.norm\.weight: missing[\s\S]*blk\.0\.attn_qkv\.weight: not expected/);
  expect(() => written("odd2", { "llama.feed_forward_length": { u32: 96 } })).toThrow(
    /up_proj\.weight: shape \[128, 64\], config\.json says \[96, 64\]/,
  );
});

test("Llama 3's rope scaling is recognised from its divisors, anything else is refused", () => {
  const bytes = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
  // headDim 16, theta 500000, factor 32: wavelengths up to 2048 stay, beyond 8192 are divided, 500000^(5/8) * 2 pi = 22,938.
  const theta = { "llama.rope.freq_base": { f32: 500000 } };
  const divisors = Array.from({ length: 8 }, (_, i) => {
    const wavelength = 2 * Math.PI * 500000 ** (i / 8);
    const smooth = (8192 / wavelength - 1) / 3;
    return wavelength < 2048 ? 1 : wavelength > 8192 ? 32 : 1 / ((1 - smooth) / 32 + smooth);
  });
  const scaled = written("llama3", theta, [
    { name: "rope_freqs.weight", shape: [8], type: 0, bytes: bytes(divisors) },
  ]);
  expect((scaled.config as LlamaConfig).rope.scaling).toMatchObject({ type: "llama3", factor: 32 });
  const wrong = divisors.with(3, 9);
  expect(() =>
    written("llama3-odd", theta, [{ name: "rope_freqs.weight", shape: [8], type: 0, bytes: bytes(wrong) }]),
  ).toThrow(/not Llama 3's rope scaling/);
});
