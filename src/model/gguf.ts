import { LorafitError, listMistakes } from "../errors.ts";
import { type GgufFile, type GgufTensor, openGgufFile, readGgufTensor } from "../formats/gguf.ts";
import { type ModelConfig, parseModelConfig, ropeFrequencies } from "./config.ts";
import { checkWeights } from "./expected.ts";
import { float32Cache } from "./float32-cache.ts";
import { ggufTokenizer } from "./gguf-tokenizer.ts";
import { baseSha256 } from "./identity.ts";
import type { WeightSource } from "./weights.ts";

/** GGUF's names of a block's tensors (ggml-org/llama.cpp, gguf-py/gguf/tensor_mapping.py) and Hugging Face's. */
const BLOCK_NAMES: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};
const OUTER_NAMES: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};
/** Factors of the rotary frequencies; part of the config, not a weight. */
const ROPE_FACTORS = "rope_freqs.weight";

/** A GGUF file of the Llama family; trained against its dequantised weights. */
export function openGguf(path: string, cacheDir: string): WeightSource {
  const file = openGgufFile(path);
  const config = ggufConfig(file);
  const names = new Map(
    [...file.tensors.keys()]
      .filter((name) => name !== ROPE_FACTORS)
      .map((name) => [huggingFaceName(name), name]),
  );
  const tensors = new Map([...names].map(([name, own]) => [name, file.tensors.get(own)!]));
  checkWeights(config, tensors, path);
  const sha256 = baseSha256(config, [path], cacheDir);
  const list = () => [...tensors].map(([name, { shape, type }]) => ({ name, shape, storage: type.name }));
  const read = (name: string): Float32Array => {
    const own = names.get(name);
    if (own === undefined) throw new LorafitError("data", `${path}: there is no tensor ${name}`);
    const heads = name.includes(".q_proj.")
      ? config.heads
      : name.includes(".k_proj.")
        ? config.kvHeads
        : null;
    const data = readGgufTensor(file, own);
    return heads === null ? data : unpermuted(data, heads, config.headDim);
  };
  return {
    config,
    path,
    sha256,
    list,
    read,
    float32File: () => float32Cache({ sha256, list, read }, cacheDir),
    tokenizerFiles: () => ggufTokenizer(file),
  };
}

function huggingFaceName(name: string): string {
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const block = part === undefined ? undefined : BLOCK_NAMES[part];
  return block === undefined ? (OUTER_NAMES[name] ?? name) : `model.layers.${layer}.${block}.${kind}`;
}

/**
 * GGUF keeps the rows of q and k as [heads, headDim/2, 2], so that a rotary pair lies side by side; Hugging Face as
 * [heads, 2, headDim/2] (`permute` of llama.cpp's conversion of Llama models).
 */
function unpermuted(data: Float32Array, heads: number, headDim: number): Float32Array {
  const width = data.length / (heads * headDim);
  const out = new Float32Array(data.length);
  for (let row = 0; row < heads * headDim; row++) {
    const within = row % headDim;
    const target = row - within + (within >> 1) + (within & 1) * (headDim / 2);
    out.set(data.subarray(row * width, (row + 1) * width), target * width);
  }
  return out;
}

/** The file's metadata as the config.json that it was converted from, checked in the same place. */
function ggufConfig(file: GgufFile): ModelConfig {
  const { path, metadata, tensors } = file;
  const architecture = metadata.get("general.architecture");
  if (architecture !== "llama") {
    throw new LorafitError(
      "data",
      `${path}: general.architecture ${JSON.stringify(architecture)} is not supported`,
      {
        hint: "supported is the Llama family (llama): SmolLM2, Llama, Mistral without sliding window, TinyLlama",
      },
    );
  }
  const get = (key: string): unknown => {
    const value = metadata.get(`llama.${key}`);
    return typeof value === "bigint" ? Number(value) : value;
  };
  // A float32 such as 1e-5 has digits that nobody wrote; seven are those that were.
  const decimal = (value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(7)) : value;
  refuseUnknown(file);
  const json = {
    model_type: "llama",
    vocab_size: tensors.get("token_embd.weight")?.shape[0],
    hidden_size: get("embedding_length"),
    num_hidden_layers: get("block_count"),
    num_attention_heads: get("attention.head_count"),
    num_key_value_heads: get("attention.head_count_kv"),
    head_dim: get("attention.key_length"),
    intermediate_size: get("feed_forward_length"),
    rms_norm_eps: decimal(get("attention.layer_norm_rms_epsilon")),
    max_position_embeddings: get("context_length"),
    rope_theta: decimal(get("rope.freq_base")),
    rope_scaling: ropeScaling(get("rope.scaling.type"), get("rope.scaling.factor")),
    tie_word_embeddings: !tensors.has("output.weight"),
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_up.bias"),
    bos_token_id: metadata.get("tokenizer.ggml.bos_token_id"),
    eos_token_id: metadata.get("tokenizer.ggml.eos_token_id"),
    pad_token_id: metadata.get("tokenizer.ggml.padding_token_id"),
  };
  const config = parseModelConfig(json, path);
  const turned = get("rope.dimension_count") ?? config.headDim;
  if (turned !== config.headDim) {
    throw new LorafitError(
      "data",
      `${path}: llama.rope.dimension_count ${turned} is not the head's size ${config.headDim}; that is not supported`,
    );
  }
  const factors = tensors.get(ROPE_FACTORS);
  return factors === undefined ? config : withLlama3Scaling(file, factors, config);
}

/** Keys of metadata that are read, or that say nothing about the arithmetic. */
const KNOWN = new Set(
  `block_count context_length embedding_length feed_forward_length vocab_size attention.head_count attention.head_count_kv
  attention.key_length attention.value_length attention.layer_norm_rms_epsilon rope.dimension_count rope.freq_base
  rope.scaling.type rope.scaling.factor rope.scaling.original_context_length rope.scaling.finetuned tensor_data_layout`.split(
    /\s+/,
  ),
);

/** A key that is switched on and not known may change what the model computes: experts, windows, scales. */
function refuseUnknown({ path, metadata }: GgufFile): void {
  const mistakes = [...metadata]
    .filter(
      ([key, value]) =>
        key.startsWith("llama.") && !KNOWN.has(key.slice(6)) && value !== 0 && value !== false,
    )
    .map(([key, value]) => `${key} ${String(value)} is not supported`);
  if (!metadata.has("llama.attention.layer_norm_rms_epsilon")) {
    mistakes.push("llama.attention.layer_norm_rms_epsilon is missing");
  }
  const [key, value] = ["llama.attention.key_length", "llama.attention.value_length"].map((name) =>
    metadata.get(name),
  );
  if (key !== value)
    mistakes.push(`llama.attention.key_length ${String(key)} and value_length ${String(value)} differ`);
  if (mistakes.length > 0) {
    throw new LorafitError("data", `${path}: this model is not supported\n${listMistakes(mistakes)}`);
  }
}

function ropeScaling(type: unknown, factor: unknown): unknown {
  return type === undefined || type === "none" ? null : { rope_type: type, factor };
}

/**
 * Llama 3's scaling reaches a GGUF only as its effect: one divisor a frequency. The parameters are those that Meta
 * published; the largest divisor is the factor, and the file must agree with what follows from them.
 */
function withLlama3Scaling(file: GgufFile, { shape }: GgufTensor, config: ModelConfig): ModelConfig {
  const divisors = readGgufTensor(file, ROPE_FACTORS);
  const scaling = {
    type: "llama3",
    factor: Math.max(...divisors.subarray(0, config.headDim)),
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalMaxPositions: 8192,
  } as const;
  const scaled: ModelConfig = { ...config, rope: { ...config.rope, scaling } };
  const plain = ropeFrequencies(config);
  const expected = ropeFrequencies(scaled);
  const agrees =
    divisors.length === plain.length &&
    divisors.every((d, i) => Math.abs(plain[i]! / d / expected[i]! - 1) < 1e-4);
  if (!agrees) {
    throw new LorafitError(
      "data",
      `${file.path}: ${ROPE_FACTORS} [${shape.join(", ")}] is not Llama 3's rope scaling; that is not supported`,
    );
  }
  return scaled;
}
