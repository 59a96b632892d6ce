import type { GateActivation } from "../../ops/attrs.ts";
import type { ModelConfig } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";
import { type Rope, readRope, ropeJson } from "../rope.ts";
import { readSliding, type Sliding, type SlidingRule } from "./sliding.ts";

export interface LlamaConfig extends ModelConfig {
  readonly intermediateSize: number;
  readonly activation: GateActivation;
  readonly normEps: number;
  readonly rope: Rope;
  /** Projections of attention with a bias: "qkv" excludes the output projection. */
  readonly attentionBias: "none" | "qkv" | "all";
  readonly mlpBias: boolean;
  /** Granite's factors. `attention` replaces 1 / sqrt(headDim); `logits` divides. */
  readonly multipliers?: {
    readonly embedding: number;
    readonly attention: number;
    readonly residual: number;
    readonly logits: number;
  };
  /** Layers whose attention uses no positions (SmolLM3). */
  readonly layersWithoutRope?: readonly number[];
  /** True if each head of q and k passes a norm before the positions (Qwen3, Gemma 3). */
  readonly headNorms?: true;
  /** Absent: every layer sees all positions before it. */
  readonly sliding?: Sliding;
}

/** Keys that a variation adds to the shared ones. */
type Own = Pick<
  LlamaConfig,
  "attentionBias" | "mlpBias" | "multipliers" | "layersWithoutRope" | "headNorms"
> & {
  readonly sliding?: SlidingRule;
  /** Absent: SiLU, which hidden_act must name. */
  readonly activation?: GateActivation;
  /** Absent: read from rope_theta and its scaling. */
  readonly rope?: Rope;
};

/**
 * Width and head counts. `kvHeadsOfNull`: a null num_key_value_heads means one for each head in LlamaConfig and is refused by
 * Lfm2Config (transformers 5.24).
 */
export function readHeads(
  reader: ConfigReader,
  { kvHeadsOfNull }: { readonly kvHeadsOfNull: "heads" | "refused" },
): Pick<ModelConfig, "hiddenSize" | "heads" | "kvHeads" | "headDim"> {
  const heads = reader.integer("num_attention_heads");
  const hiddenSize = reader.integer("hidden_size");
  const kvHeads = reader.integer("num_key_value_heads", kvHeadsOfNull === "heads" ? heads : undefined);
  const headDim = reader.integer("head_dim", hiddenSize / heads);
  if (heads % kvHeads !== 0)
    reader.mistake("num_key_value_heads", `${kvHeads} does not divide num_attention_heads ${heads}`);
  if (headDim % 2 !== 0) reader.mistake("head_dim", `${headDim} is odd; rotary positions need pairs`);
  return { hiddenSize, heads, kvHeads, headDim };
}

/** The keys that llama and its variations share. */
export function readLlamaConfig(
  reader: ConfigReader,
  family: string,
  { attentionBias, mlpBias, sliding, activation, rope, ...more }: Own,
): LlamaConfig {
  if (activation === undefined) reader.only("hidden_act", ["silu", "swish"]);
  // The base's SHA-256 covers the order of these keys.
  const { hiddenSize, ...heads } = readHeads(reader, { kvHeadsOfNull: "heads" });
  const layers = reader.integer("num_hidden_layers");
  const maxPositions = reader.integer("max_position_embeddings", 2048);
  return {
    family,
    vocabSize: reader.integer("vocab_size"),
    hiddenSize,
    layers,
    ...heads,
    intermediateSize: reader.integer("intermediate_size"),
    activation: activation ?? "silu",
    normEps: reader.number("rms_norm_eps", 1e-6),
    maxPositions,
    rope: rope ?? readRope(reader),
    tied: reader.flag("tie_word_embeddings"),
    attentionBias,
    mlpBias,
    ...more,
    ...readSliding(reader, { layers, maxPositions }, sliding),
    ...reader.specialIds(),
  };
}

/** Biases where config.json has keys for them. */
export const readBiases = (reader: ConfigReader): Pick<LlamaConfig, "attentionBias" | "mlpBias"> => ({
  attentionBias: reader.flag("attention_bias") ? "all" : "none",
  mlpBias: reader.flag("mlp_bias"),
});

export const biasJson = ({ attentionBias, mlpBias }: LlamaConfig): Record<string, unknown> => ({
  attention_bias: attentionBias === "all",
  mlp_bias: mlpBias,
});

/** The keys that `readLlamaConfig` reads. */
export function llamaConfigJson(config: LlamaConfig): Record<string, unknown> {
  return {
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: config.activation,
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.normEps,
    ...ropeJson(config.rope),
    tie_word_embeddings: config.tied,
  };
}
