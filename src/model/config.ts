import { LorafitError, listMistakes } from "../errors.ts";

export interface Llama3Scaling {
  readonly type: "llama3";
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalMaxPositions: number;
}
export type RopeScaling = null | { readonly type: "linear"; readonly factor: number } | Llama3Scaling;

const FAMILIES = ["llama", "qwen2"] as const;

/** A decoder of the Llama kind, as far as the arithmetic goes. Qwen2 differs from Llama in its biases only. */
export interface ModelConfig {
  /** transformers' model_type. */
  readonly family: (typeof FAMILIES)[number];
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly activation: "silu";
  readonly normEps: number;
  readonly maxPositions: number;
  readonly rope: { readonly theta: number; readonly scaling: RopeScaling };
  /** The head is the embedding table. */
  readonly tied: boolean;
  /** Which projections of attention have one: "qkv" leaves out the output's. */
  readonly attentionBias: "none" | "qkv" | "all";
  readonly mlpBias: boolean;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
}

/** Keys of config.json that do not change what the forward pass computes. */
const HARMLESS = new Set(
  `architectures model_type torch_dtype dtype transformers_version initializer_range use_cache attention_dropout
  pretraining_tp _name_or_path bos_token_id eos_token_id pad_token_id is_llama_config rope_interleaved
  transformers.js_config unsloth_fixed unsloth_version chat_template_hash attn_implementation _attn_implementation
  auto_map tokenizer_class output_attentions output_hidden_states return_dict task_specific_params use_sliding_window
  id2label label2id problem_type name hidden_dropout finetuning_task chunk_size_feed_forward is_encoder_decoder is_decoder add_cross_attention cross_attention_hidden_size
  max_window_layers decoder_start_token_id prefix sep_token_id tie_encoder_decoder torchscript use_bfloat16 pruned_heads bad_words_ids`.split(
    /\s+/,
  ),
);
/** Keys that this module reads. */
const READ = new Set(
  `vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim intermediate_size hidden_act
  rms_norm_eps max_position_embeddings rope_theta rope_scaling rope_parameters tie_word_embeddings attention_bias mlp_bias
  sliding_window layer_types`.split(/\s+/),
);

/** @throws data error that names every field that is missing, wrong or not supported */
export function parseModelConfig(json: unknown, where: string): ModelConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new LorafitError("data", `${where}: is not a JSON object`);
  }
  const raw = json as Record<string, unknown>;
  const mistakes: string[] = [];
  const family = FAMILIES.find((name) => name === raw["model_type"]);
  if (family === undefined) {
    throw new LorafitError(
      "data",
      `${where}: model_type ${JSON.stringify(raw["model_type"])} is not supported`,
      { hint: "supported are llama (SmolLM2, Llama, TinyLlama) and qwen2 (Qwen2, Qwen2.5)" },
    );
  }
  const number = (key: string, fallback?: number): number => {
    const value = raw[key] ?? fallback;
    if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
    mistakes.push(
      `${key}: ${value === undefined ? "is missing" : `${JSON.stringify(value)} is not a positive number`}`,
    );
    return 1;
  };
  const integer = (key: string, fallback?: number): number => {
    const value = number(key, fallback);
    if (!Number.isSafeInteger(value)) mistakes.push(`${key}: ${value} is not a whole number`);
    return value;
  };
  const flag = (key: string): boolean => {
    const value = raw[key] ?? false;
    if (typeof value !== "boolean") mistakes.push(`${key}: ${JSON.stringify(value)} is not true or false`);
    return value === true;
  };
  const only = (key: string, allowed: readonly unknown[]): void => {
    if (raw[key] !== undefined && !allowed.includes(raw[key])) {
      mistakes.push(
        `${key}: ${JSON.stringify(raw[key])} is not supported; supported: ${allowed.map((v) => JSON.stringify(v)).join(", ")}`,
      );
    }
  };
  only("hidden_act", ["silu", "swish"]);
  // Qwen2 names a window even where it uses none.
  if (family !== "qwen2" || raw["use_sliding_window"] === true) only("sliding_window", [null]);
  const layerTypes = [raw["layer_types"] ?? []].flat();
  if (layerTypes.some((layer) => layer !== "full_attention"))
    mistakes.push('layer_types: other layers than "full_attention" are not supported');
  const unknown = Object.keys(raw).filter((key) => !READ.has(key) && !HARMLESS.has(key));
  for (const key of unknown) {
    if (raw[key] !== null && raw[key] !== false)
      mistakes.push(`${key}: not known, and it may change the arithmetic`);
  }
  const heads = integer("num_attention_heads");
  const hiddenSize = integer("hidden_size");
  const kvHeads = integer("num_key_value_heads", heads);
  const headDim = integer("head_dim", hiddenSize / heads);
  if (heads % kvHeads !== 0)
    mistakes.push(`num_key_value_heads: ${kvHeads} does not divide num_attention_heads ${heads}`);
  if (headDim % 2 !== 0) mistakes.push(`head_dim: ${headDim} is odd; rotary positions need pairs`);
  const config: ModelConfig = {
    family,
    vocabSize: integer("vocab_size"),
    hiddenSize,
    layers: integer("num_hidden_layers"),
    heads,
    kvHeads,
    headDim,
    intermediateSize: integer("intermediate_size"),
    activation: "silu",
    normEps: number("rms_norm_eps", 1e-6),
    maxPositions: integer("max_position_embeddings", 2048),
    rope: parseRope(raw, mistakes),
    tied: flag("tie_word_embeddings"),
    attentionBias: family === "qwen2" ? "qkv" : flag("attention_bias") ? "all" : "none",
    mlpBias: flag("mlp_bias"),
    bosId: tokenIds(raw["bos_token_id"])[0] ?? null,
    eosIds: tokenIds(raw["eos_token_id"]),
    padId: tokenIds(raw["pad_token_id"])[0] ?? null,
  };
  if (mistakes.length > 0) {
    throw new LorafitError("data", `${where}: this model is not supported\n${listMistakes(mistakes)}`);
  }
  return config;
}

const tokenIds = (value: unknown): number[] =>
  [value].flat().filter((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0);

const ROPE_KEYS = new Set(
  "rope_theta rope_type type factor low_freq_factor high_freq_factor original_max_position_embeddings".split(
    " ",
  ),
);

/** Both spellings: rope_theta with rope_scaling, and the newer rope_parameters. */
function parseRope(raw: Record<string, unknown>, mistakes: string[]): ModelConfig["rope"] {
  const parameters = {
    ...((raw["rope_scaling"] as object | null) ?? {}),
    ...((raw["rope_parameters"] as object | null) ?? {}),
  } as Record<string, unknown>;
  const theta = (parameters["rope_theta"] ?? raw["rope_theta"] ?? 10000) as number;
  if (!(typeof theta === "number" && theta > 0))
    mistakes.push(`rope_theta: ${JSON.stringify(theta)} is not a positive number`);
  for (const key of Object.keys(parameters)) {
    if (!ROPE_KEYS.has(key)) mistakes.push(`rope scaling: ${key} is not supported`);
  }
  const type = parameters["rope_type"] ?? parameters["type"] ?? "default";
  const positive = (key: string): number => {
    const value =
      parameters[key] ??
      (key === "original_max_position_embeddings" ? raw["max_position_embeddings"] : undefined);
    if (typeof value === "number" && value > 0) return value;
    mistakes.push(
      `rope scaling: ${key} ${value === undefined ? "is missing" : `${JSON.stringify(value)} is not a positive number`}`,
    );
    return 1;
  };
  if (type === "default") return { theta, scaling: null };
  if (type === "linear") return { theta, scaling: { type, factor: positive("factor") } };
  if (type === "llama3") {
    const scaling: Llama3Scaling = {
      type,
      factor: positive("factor"),
      lowFrequencyFactor: positive("low_freq_factor"),
      highFrequencyFactor: positive("high_freq_factor"),
      originalMaxPositions: positive("original_max_position_embeddings"),
    };
    if (scaling.highFrequencyFactor <= scaling.lowFrequencyFactor) {
      mistakes.push("rope scaling: high_freq_factor must be above low_freq_factor");
    }
    return { theta, scaling };
  }
  mistakes.push(
    `rope scaling: type ${JSON.stringify(type)} is not supported; supported: default, linear, llama3`,
  );
  return { theta, scaling: null };
}

/**
 * Inverse frequencies [headDim/2], in float32 as transformers computes them (modeling_rope_utils.py):
 * 1 / theta^(2i/headDim); linear: divided by the factor; llama3: long waves divided by the factor, short ones kept, and
 * a linear blend between.
 */
export function ropeFrequencies({ headDim, rope }: ModelConfig): Float32Array {
  const f = Math.fround;
  const plain = Float32Array.from({ length: headDim / 2 }, (_, i) =>
    f(1 / f(rope.theta ** f((2 * i) / headDim))),
  );
  const { scaling } = rope;
  if (scaling === null) return plain;
  if (scaling.type === "linear") return plain.map((frequency) => frequency / scaling.factor);
  const {
    factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalMaxPositions: length,
  } = scaling;
  return plain.map((frequency) => {
    const wavelength = f(f(2 * Math.PI) / frequency);
    if (wavelength > length / low) return f(frequency / factor);
    if (wavelength < length / high) return frequency;
    const smooth = f(f(f(length / wavelength) - low) / (high - low));
    return f(f(f(f(1 - smooth) * frequency) / factor) + f(smooth * frequency));
  });
}
