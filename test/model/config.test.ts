import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import type { Gemma3Config } from "../../src/model/families/gemma3.ts";
import { parseModelConfig } from "../../src/model/families/index.ts";
import type { LlamaConfig } from "../../src/model/families/llama-config.ts";
import { ropeFrequencies } from "../../src/model/rope.ts";
import { tinyConfig } from "../tiny-model.ts";

const json = JSON.parse(
  readFileSync(new URL("../golden/llama-tiny/model/config.json", import.meta.url), "utf8"),
) as Record<string, unknown>;
const parse = (changes: Record<string, unknown>): LlamaConfig =>
  parseModelConfig({ ...json, ...changes }, "config.json") as LlamaConfig;
const frequenciesOf = ({ headDim, rope }: LlamaConfig): Float32Array => ropeFrequencies(headDim, rope);

test("a config as transformers 5 writes it", () => {
  expect(parse({})).toEqual({
    family: "llama",
    vocabSize: 320,
    hiddenSize: 64,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headDim: 16,
    intermediateSize: 128,
    activation: "silu",
    normEps: 1e-5,
    maxPositions: 256,
    rope: { theta: 10000, scaling: null },
    tied: true,
    attentionBias: "none",
    mlpBias: false,
    bosId: 1,
    eosIds: [2],
    padId: 0,
  });
});

test("both spellings of the rotary settings give the same config", () => {
  const scaling = {
    rope_type: "llama3",
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
  };
  const older = parse({ rope_parameters: undefined, rope_theta: 5e5, rope_scaling: scaling });
  const newer = parse({ rope_theta: undefined, rope_parameters: { rope_theta: 5e5, ...scaling } });
  expect(older).toEqual(newer);
  expect(older.rope).toEqual({
    theta: 5e5,
    scaling: {
      type: "llama3",
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalMaxPositions: 64,
    },
  });
  expect(
    parse({ rope_parameters: undefined, rope_scaling: { type: "linear", factor: 2 } }).rope.scaling,
  ).toEqual({ type: "linear", factor: 2 });
});

test("where both spellings of the rope contradict each other, the one that transformers 5.24 uses counts", () => {
  const linear = { rope_type: "linear", factor: 2 };
  const rope = (changes: Record<string, unknown>) =>
    parse({ rope_theta: undefined, rope_scaling: undefined, rope_parameters: undefined, ...changes }).rope;
  // Each expectation is rope_parameters of AutoConfig.from_pretrained on the same keys.
  expect(rope({ rope_theta: 1e4, rope_parameters: { rope_theta: 5e5, rope_type: "default" } })).toEqual({
    theta: 5e5,
    scaling: null,
  });
  expect(rope({ rope_theta: 2e4, rope_parameters: linear })).toEqual({
    theta: 2e4,
    scaling: { type: "linear", factor: 2 },
  });
  expect(
    rope({ rope_theta: 2e4, rope_scaling: linear, rope_parameters: { rope_type: "default", rope_theta: 7 } }),
  ).toEqual({ theta: 2e4, scaling: { type: "linear", factor: 2 } });
  expect(rope({ rope_scaling: linear, rope_parameters: { ...linear, factor: 4, rope_theta: 7 } })).toEqual({
    theta: 1e4,
    scaling: { type: "linear", factor: 2 },
  });
});

test("absent keys have transformers' defaults; several end tokens are kept", () => {
  const config = parse({
    head_dim: undefined,
    num_key_value_heads: undefined,
    rms_norm_eps: undefined,
    eos_token_id: [2, 5],
    pad_token_id: null,
  });
  expect(config).toMatchObject({ headDim: 16, kvHeads: 4, normEps: 1e-6, eosIds: [2, 5], padId: null });
});

test("Qwen2 has biases at q, k and v, and an unused window is accepted", () => {
  const qwen2 = {
    model_type: "qwen2",
    sliding_window: 32768,
    use_sliding_window: false,
    max_window_layers: 2,
  };
  expect(parse(qwen2)).toEqual({ ...parse({}), family: "qwen2", attentionBias: "qkv" });
  const used = { ...qwen2, use_sliding_window: true };
  expect(parse(used)).toEqual(parse(qwen2));
  expect(parse({ ...used, sliding_window: 8 })).toEqual(parse(qwen2));
  const last = ["full_attention", "sliding_attention"];
  const sliding = { window: 8, layers: [1] };
  expect(parse({ ...used, sliding_window: 8, max_window_layers: 1 }).sliding).toEqual(sliding);
  expect(parse({ ...used, sliding_window: 8, layer_types: last }).sliding).toEqual(sliding);
  expect(() => parse({ ...qwen2, layer_types: last })).toThrow(
    /layer_types: has sliding_attention, and the model has no sliding window/,
  );
  expect(() => parse({ ...used, layer_types: ["full_attention"] })).toThrow(
    /layer_types: is not a list of 2/,
  );
  expect(() => parse({ ...used, layer_types: ["full_attention", "chunked_attention"] })).toThrow(
    /layer_types: is not a list of 2 times "full_attention" or "sliding_attention"/,
  );
  expect(() => parse({ layer_types: last })).toThrow(/layer_types: has sliding_attention/);
});

test("Qwen3 has head norms, a head size of 128 by default and biases by its flag", () => {
  const qwen3 = { model_type: "qwen3" };
  const plain = { ...parse({}), family: "qwen3", headNorms: true };
  expect(parse(qwen3)).toEqual(plain);
  expect(parse({ ...qwen3, head_dim: undefined }).headDim).toBe(128);
  expect(parse({ ...qwen3, attention_bias: true })).toEqual({ ...plain, attentionBias: "all" });
  expect(parse({ ...qwen3, sliding_window: 8 })).toEqual(plain);
});

test("Gemma 3 reads layers and positions in both spellings, and refuses what it does not compute", () => {
  const gemma = { model_type: "gemma3_text", sliding_window: 16, num_hidden_layers: 4 };
  const all = (config: Record<string, unknown>) => parse({ ...gemma, ...config }) as Gemma3Config;
  const full = { rope_type: "linear", factor: 8, rope_theta: 1e6 };
  const old = all({
    ...{ sliding_window_pattern: 2, rope_parameters: undefined, rope_theta: 1e6, rope_local_base_freq: 5e3 },
    rope_scaling: { rope_type: "linear", factor: 8 },
  });
  expect(old).toMatchObject({
    sliding: { window: 16, layers: [0, 2] },
    rope: { theta: 1e6, scaling: { type: "linear", factor: 8 } },
    localRope: { theta: 5e3, scaling: null },
  });
  const types = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"];
  const sliding_attention = { rope_type: "default", rope_theta: 5e3 };
  expect(all({ layer_types: types, rope_parameters: { full_attention: full, sliding_attention } })).toEqual(
    old,
  );
  // Sliding layers keep their positions where the window covers the context.
  expect(all({ sliding_window: 512, rope_parameters: undefined }).sliding?.layers).toEqual([0, 1, 2, 3]);
  for (const [key, value] of [
    ["use_bidirectional_attention", true],
    ["attn_logit_softcapping", 50],
    ["final_logit_softcapping", 30],
    ["hidden_activation", "gelu"],
  ] as const) {
    expect(() => all({ rope_parameters: undefined, [key]: value })).toThrow(new RegExp(key));
  }
  expect(() => all({ rope_parameters: undefined, sliding_window: null })).toThrow(/has sliding_attention/);
  expect(() => all({ rope_parameters: { rope_theta: 1e4 } })).toThrow(/rope_parameters: rope_theta/);
});

test("a rotary factor of 1 changes nothing, anywhere else it is refused", () => {
  const rope = { rope_theta: 10000, rope_type: "default" };
  expect(parse({ rope_parameters: { ...rope, partial_rotary_factor: 1 } })).toEqual(
    parse({ rope_parameters: rope }),
  );
  expect(parse({ partial_rotary_factor: 1 })).toEqual(parse({}));
  expect(() => parse({ rope_parameters: { ...rope, partial_rotary_factor: 0.5 } })).toThrow(
    /partial_rotary_factor/,
  );
  expect(() => parse({ partial_rotary_factor: 0.5 })).toThrow(/partial_rotary_factor: 0.5/);
});

test("more layers than any model has are refused before anything is built", () => {
  expect(() => parse({ num_hidden_layers: 2 ** 31 })).toThrow(/num_hidden_layers: 2147483648 is more than/);
});

test("Mistral's window is that of every layer; an absent one is transformers' default", () => {
  const mistral = { model_type: "mistral" };
  expect(parse({ ...mistral, sliding_window: null })).toEqual({ ...parse({}), family: "mistral" });
  expect(parse({ ...mistral, sliding_window: 256 }).maxPositions).toBe(256);
  expect(parse(mistral).maxPositions).toBe(256);
  expect(parse({ ...mistral, sliding_window: 255 }).sliding).toEqual({ window: 255, layers: [0, 1] });
  expect(parse({ ...mistral, max_position_embeddings: 8192 }).sliding?.window).toBe(4096);
  const types = ["full_attention", "sliding_attention"];
  expect(parse({ ...mistral, sliding_window: 5, layer_types: types }).sliding?.layers).toEqual([0, 1]);
  expect(() => parse({ ...mistral, sliding_window: 0 })).toThrow(/sliding_window: 0 is not a positive/);
});

test("SmolLM3 leaves out positions in every fourth layer, or where no_rope_layers has a 0", () => {
  const smollm3 = { model_type: "smollm3", num_hidden_layers: 9 };
  expect(parse(smollm3).layersWithoutRope).toEqual([3, 7]);
  expect(parse({ ...smollm3, no_rope_layer_interval: 3 }).layersWithoutRope).toEqual([2, 5, 8]);
  expect(parse({ ...smollm3, num_hidden_layers: 3, no_rope_layers: [0, 1, 1] }).layersWithoutRope).toEqual([
    0,
  ]);
  expect(parse({ ...smollm3, tie_word_embeddings: undefined }).tied).toBe(true);
  expect(() => parse({ ...smollm3, no_rope_layers: [1, 1] })).toThrow(/no_rope_layers: is not a list of 9/);
});

test.each([
  ["another family", { model_type: "gpt_neox" }, /model_type "gpt_neox" is not supported/],
  ["another activation", { hidden_act: "gelu" }, /hidden_act: "gelu" is not supported/],
  ["a sliding window", { sliding_window: 4096 }, /sliding_window: 4096 is not supported/],
  [
    "dynamic rope scaling",
    { rope_parameters: { rope_type: "dynamic", factor: 2 } },
    /type "dynamic" is not supported/,
  ],
  [
    "yarn",
    { rope_parameters: { rope_type: "yarn", factor: 2, beta_fast: 32 } },
    /beta_fast is not supported[\s\S]*"yarn" is not supported/,
  ],
  [
    "partial rotary inside rope_parameters",
    { rope_parameters: { rope_theta: 1e4, rope_type: "default", partial_rotary_factor: 0.5 } },
    /partial_rotary_factor is not supported/,
  ],
  ["quantised weights", { quantization_config: { bits: 4 } }, /quantization_config: weights quantised by/],
  [
    "a key that may change the arithmetic",
    { logit_scale: 0.5 },
    /logit_scale: not known, and it may change the arithmetic/,
  ],
  ["odd heads", { head_dim: 15 }, /head_dim: 15 is odd/],
  ["heads that do not divide", { num_key_value_heads: 3 }, /num_key_value_heads: 3 does not divide/],
  ["a width that is no number", { hidden_size: "64" }, /hidden_size: "64" is not a positive number/],
  [
    "a base of the rotary frequencies beyond numbers",
    { rope_parameters: { rope_theta: Number.POSITIVE_INFINITY } },
    /rope_theta: Infinity/,
  ],
  ["rotary settings that are a text", { rope_scaling: "yarn" }, /rope_scaling: "yarn" is not an object/],
  ["no layers", { num_hidden_layers: 0 }, /num_hidden_layers: 0 is not a positive number/],
  ["half a head", { hidden_size: 66, head_dim: undefined }, /head_dim: 16.5 is not a whole number/],
  [
    "a flag that is no flag",
    { tie_word_embeddings: "yes" },
    /tie_word_embeddings: "yes" is not true or false/,
  ],
  [
    "llama3 without its factors",
    { rope_parameters: { rope_type: "llama3", factor: 8 } },
    /low_freq_factor is missing[\s\S]*high_freq_factor is missing/,
  ],
])("%s is refused by name", (_, changes, message) => {
  expect(() => parse(changes)).toThrow(message);
});

test("a null num_key_value_heads means one for each head in Llama, and is refused in LFM2, as by transformers", () => {
  const { heads, kvHeads } = tinyConfig({ num_key_value_heads: null });
  expect(kvHeads).toBe(heads);
  expect(() => tinyConfig({ model_type: "lfm2", num_key_value_heads: null })).toThrow(
    /num_key_value_heads: is missing/,
  );
});

test("all mistakes are listed in one data error that names the file", () => {
  let error: unknown;
  try {
    parse({ hidden_act: "relu", sliding_window: 8, vocab_size: null });
  } catch (caught) {
    error = caught;
  }
  expect(LorafitError.is(error) && error.kind).toBe("data");
  expect((error as Error).message).toMatch(
    /^config\.json: [\s\S]*sliding_window[\s\S]*hidden_act[\s\S]*vocab_size: is missing/,
  );
});

test("an unknown model_type is refused with the ones that are known", () => {
  expect(() => parse({ model_type: "mamba" })).toThrow(
    expect.objectContaining({
      hint: expect.stringContaining("supported: llama (SmolLM2, Llama, TinyLlama), qwen2 (Qwen2, Qwen2.5)"),
    }),
  );
});

test("a model of text and images is refused with the name of its text part", () => {
  const parts = { text_config: { model_type: "gemma3_text" }, vision_config: {} };
  expect(() => parse({ model_type: "gemma3", ...parts })).toThrow(
    /"gemma3" is a model of several parts; of them only the text model "gemma3_text" is supported/,
  );
});

test.each([null, [], "text", 3])("%j is no config", (value) => {
  expect(() => parseModelConfig(value, "config.json")).toThrow(/is not a JSON object/);
});

test("rotary frequencies, computed by hand", () => {
  const plain = frequenciesOf(parse({}));
  expect(plain.length).toBe(8);
  expect(plain[0]).toBe(1);
  expect(plain[4]).toBeCloseTo(0.01, 8);
  const linear = frequenciesOf(parse({ rope_parameters: { rope_type: "linear", factor: 4 } }));
  expect([...linear]).toEqual([...plain].map((f) => Math.fround(f / 4)));
});

test("Llama 3's scaling keeps short waves, divides long ones and blends between", () => {
  const scaling = {
    rope_type: "llama3",
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
  };
  const plain = frequenciesOf(parse({}));
  const scaled = frequenciesOf(parse({ rope_parameters: scaling }));
  // Wavelengths 6.3, 19.9, 62.8, 198.7 … : below 16 kept, above 64 divided, the second and third blended.
  expect(scaled[0]).toBe(plain[0]);
  for (const i of [1, 2]) {
    const smooth = (64 / ((2 * Math.PI) / plain[i]!) - 1) / 3;
    expect(scaled[i]! / plain[i]!).toBeCloseTo((1 - smooth) / 8 + smooth, 5);
  }
  for (let i = 3; i < 8; i++) expect(scaled[i]).toBe(Math.fround(plain[i]! / 8));
});

test.each(
  JSON.parse(readFileSync(new URL("fixtures/rope.json", import.meta.url), "utf8")) as {
    name: string;
    config: Record<string, unknown>;
    frequencies: number[];
  }[],
)("rotary frequencies are transformers': $name", ({ config, frequencies }) => {
  const ours = frequenciesOf(parseModelConfig(config, "config.json") as LlamaConfig);
  expect(ours.length).toBe(frequencies.length);
  // Tolerance of about two float32 units in the last place: pow rounds differently.
  for (const [i, theirs] of frequencies.entries()) expect(Math.abs(ours[i]! / theirs - 1)).toBeLessThan(3e-7);
});
