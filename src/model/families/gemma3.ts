import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { ConfigReader } from "../config-reader.ts";
import type { Family, ForwardContext } from "../family.ts";
import { parseRope, type Rope, ropeFrequencies, ropeParameters } from "../rope.ts";
import { gemma3Gguf } from "./gemma3-gguf.ts";
import { project } from "./layers.ts";
import { EMBEDDING, HEAD, linearsOf, llama } from "./llama.ts";
import { type LlamaConfig, llamaConfigJson, readLlamaConfig } from "./llama-config.ts";
import { layerTypesJson } from "./sliding.ts";

export interface Gemma3Config extends LlamaConfig {
  /** Positions of the sliding layers; `rope` is that of the others. */
  readonly localRope: Rope;
  /** Scores are divided by its square root. */
  readonly queryPreAttnScalar: number;
}

/**
 * Gemma 3 without images (Gemma Team 2025, "Gemma 3 Technical Report"; transformers' modeling_gemma3.py, Gemma3ForCausalLM):
 * norms of weight 1 + w before and after both parts of a block, a norm for each head of q and k, GELU gates, sliding layers with
 * positions of their own, and embeddings times sqrt(hiddenSize).
 */
export const gemma3: Family<Gemma3Config> = {
  ...llama,
  modelType: "gemma3_text",
  architecture: "Gemma3ForCausalLM",
  examples: "Gemma 3 270M and 1B",
  parseConfig,
  configJson: (config) => {
    const { hidden_act: _, rope_theta, rope_scaling, ...shared } = llamaConfigJson(config);
    return {
      ...shared,
      hidden_activation: "gelu_pytorch_tanh",
      attention_bias: config.attentionBias === "all",
      query_pre_attn_scalar: config.queryPreAttnScalar,
      sliding_window: config.sliding?.window ?? null,
      ...layerTypesJson(config),
      rope_theta,
      rope_scaling,
      rope_local_base_freq: config.localRope.theta,
      rope_parameters: {
        full_attention: ropeParameters(config.rope),
        sliding_attention: ropeParameters(config.localRope),
      },
    };
  },
  initial: (name) => (llama.initial(name) === "normal" && !name.endsWith("norm.weight") ? "normal" : 0),
  forward,
  finalNorm,
  head: (b, config, x) => ({
    normed: finalNorm(b, config, x),
    head: b.weight(config.tied ? EMBEDDING : HEAD, [config.vocabSize, config.hiddenSize]),
  }),
  opensInTransformersJs2: () => false,
  gguf: gemma3Gguf(parseConfig),
};

/** Keys with their only supported values. Gemma 3 was released without softcaps. */
const ONLY: Readonly<Record<string, readonly unknown[]>> = {
  hidden_activation: ["gelu_pytorch_tanh"],
  use_bidirectional_attention: [false, null],
  attn_logit_softcapping: [null],
  final_logit_softcapping: [null],
};

function parseConfig(reader: ConfigReader): Gemma3Config {
  reader.defaults({
    ...{ vocab_size: 262208, hidden_size: 2304, intermediate_size: 9216, num_hidden_layers: 26 },
    ...{ num_attention_heads: 8, num_key_value_heads: 4, head_dim: 256, max_position_embeddings: 131072 },
    ...{ sliding_window: 4096, tie_word_embeddings: true, pad_token_id: 0, eos_token_id: 1, bos_token_id: 2 },
  });
  for (const [key, values] of Object.entries(ONLY)) reader.only(key, values);
  // Keys that transformers does not read: those of llama, and the pattern that it writes beside layer_types.
  for (const key of ["hidden_act", "mlp_bias", "_sliding_window_pattern"]) reader.get(key);
  const pattern = reader.integer("sliding_window_pattern", 6);
  const { full, local } = readRopes(reader);
  const config = readLlamaConfig(reader, "gemma3_text", {
    activation: "gelu_tanh",
    attentionBias: reader.flag("attention_bias") ? "all" : "none",
    mlpBias: false,
    headNorms: true,
    rope: full,
    sliding: {
      window: reader.get("sliding_window") ?? null,
      isSliding: (layer) => (layer + 1) % pattern !== 0,
      // They have positions of their own.
      differs: true,
    },
  });
  return { ...config, localRope: local, queryPreAttnScalar: reader.number("query_pre_attn_scalar", 256) };
}

/** Both spellings: rope_parameters by layer type, and rope_theta, rope_scaling (full layers) and rope_local_base_freq (sliding). */
function readRopes(reader: ConfigReader): { full: Rope; local: Rope } {
  const record = (value: unknown) => (value ?? {}) as Readonly<Record<string, unknown>>;
  const byType = record(reader.get("rope_parameters"));
  for (const key of Object.keys(byType)) {
    if (key !== "full_attention" && key !== "sliding_attention")
      reader.mistake(
        "rope_parameters",
        `${key} is not supported; supported: full_attention, sliding_attention`,
      );
  }
  const full = { ...record(byType["full_attention"]), ...record(reader.get("rope_scaling")) };
  const [base, localBase] = [reader.get("rope_theta") ?? 1e6, reader.get("rope_local_base_freq") ?? 1e4];
  return {
    full: parseRope(reader, full, base),
    local: parseRope(reader, record(byType["sliding_attention"]), localBase),
  };
}

/** Norm of weight 1 + w over the last `width` values. */
const norm = (b: ProgramBuilder, config: Gemma3Config, x: ValueId, module: string, width: number): ValueId =>
  b.node("rmsNorm", { x, weight: b.weight(`${module}.weight`, [width]) }, { eps: config.normEps, offset: 1 })
    .y;

function finalNorm(b: ProgramBuilder, config: Gemma3Config, x: ValueId): ValueId {
  return norm(b, config, x, "model.norm", config.hiddenSize);
}

function forward(
  b: ProgramBuilder,
  config: Gemma3Config,
  { ids, positions, attend }: ForwardContext,
): ValueId {
  const { heads, kvHeads, headDim, hiddenSize } = config;
  const ropeOf = (rope: Rope) => ({
    inverseFrequencies: Array.from(ropeFrequencies(headDim, rope)),
    maxPositions: config.maxPositions,
    inverse: false,
  });
  const [full, local] = [ropeOf(config.rope), ropeOf(config.localRope)];
  const attention = { heads, kvHeads, headDim, causal: true, scale: config.queryPreAttnScalar ** -0.5 };

  const table = b.weight(EMBEDDING, [config.vocabSize, hiddenSize]);
  // transformers holds the factor in the precision of the embeddings.
  const factor = Math.fround(Math.sqrt(hiddenSize));
  let x = b.node("scale", { x: b.node("embed", { ids, table }, {}).y }, { factor, frozen: true }).y;
  for (let layer = 0; layer < config.layers; layer++) {
    b.scope = `layers.${layer}`;
    const block = `model.layers.${layer}`;
    const [q, k, v, o, gate, up, down] = linearsOf(config, layer);
    const slides = config.sliding?.layers.includes(layer) === true;
    const rope = slides ? local : full;
    const window =
      slides && config.sliding.window < config.maxPositions ? { window: config.sliding.window } : {};
    const positioned = (projection: typeof q, head: "q" | "k", h: ValueId, count: number): ValueId => {
      const x = norm(b, config, project(b, projection, h), `${block}.self_attn.${head}_norm`, headDim);
      return b.node("rope", { x, positions }, { ...rope, heads: count }).y;
    };
    const h = norm(b, config, x, `${block}.input_layernorm`, hiddenSize);
    const [queries, keys] = [positioned(q, "q", h, heads), positioned(k, "k", h, kvHeads)];
    const attended = attend(layer, queries, keys, project(b, v, h), { ...attention, ...window });
    const a = norm(b, config, project(b, o, attended), `${block}.post_attention_layernorm`, hiddenSize);
    x = b.node("add", { a: x, b: a }, {}).y;
    const m = norm(b, config, x, `${block}.pre_feedforward_layernorm`, hiddenSize);
    const inputs = { gate: project(b, gate, m), up: project(b, up, m) };
    const gated = b.node("gatedMlp", inputs, { activation: config.activation }).y;
    const f = norm(b, config, project(b, down, gated), `${block}.post_feedforward_layernorm`, hiddenSize);
    x = b.node("add", { a: x, b: f }, {}).y;
  }
  b.scope = undefined;
  return x;
}
