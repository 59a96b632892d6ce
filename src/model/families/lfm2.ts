import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { ModelConfig } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";
import type { Family, ForwardContext, Linear } from "../family.ts";
import { type Rope, readRope, ropeFrequencies, ropeJson } from "../rope.ts";
import { project } from "./layers.ts";
import { readHeads } from "./llama-config.ts";

type LayerType = "conv" | "full_attention";

export interface Lfm2Config extends ModelConfig {
  /** Width of the MLP, after transformers' adjustment. */
  readonly intermediateSize: number;
  readonly normEps: number;
  readonly rope: Rope;
  readonly layerTypes: readonly LayerType[];
  /** Positions that a convolution sees, its own included. */
  readonly convLength: number;
  readonly convBias: boolean;
}

/** Decoders of gated short convolutions and of attention with a norm for each head (transformers' modeling_lfm2.py). */
export const lfm2: Family<Lfm2Config> = {
  modelType: "lfm2",
  architecture: "Lfm2ForCausalLM",
  prefix: "model",
  embedding: "embed_tokens.weight",
  examples: "LFM2",
  parseConfig,
  configJson,
  linears: (config) => config.layerTypes.flatMap((_, layer) => linearsOf(config, layer)),
  initial: (name) => (/norm\.weight$/.test(name) ? 1 : name.endsWith(".bias") ? 0 : "normal"),
  // A tied head that is stored twice.
  ignores: (name) => name === HEAD,
  forward,
  finalNorm,
  head(b, config, x) {
    const head = b.weight(config.tied ? EMBEDDING : HEAD, [config.vocabSize, config.hiddenSize]);
    return { normed: finalNorm(b, config, x), head };
  },
  opensInTransformersJs2: () => false,
  gguf: null,
};

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";

/** Keys of published files that transformers does not read. */
const NOT_READ =
  `block_dim block_mlp_init_scale block_norm_eps block_out_init_scale block_use_xavier_init conv_dim
  conv_dim_out conv_use_xavier_init num_heads`.split(/\s+/);

function parseConfig(reader: ConfigReader): Lfm2Config {
  reader.defaults({
    num_key_value_heads: 8,
    max_position_embeddings: 128_000,
    rope_theta: 1e6,
    tie_word_embeddings: true,
    block_auto_adjust_ff_dim: true,
    block_ffn_dim_multiplier: 1,
    bos_token_id: 1,
    eos_token_id: 2,
    pad_token_id: 0,
  });
  for (const key of NOT_READ) reader.get(key);
  for (const key of ["block_use_swiglu", "use_pos_enc"]) reader.only(key, [true]);
  // The base's SHA-256 covers the order of these keys.
  const { hiddenSize, ...heads } = readHeads(reader, { kvHeadsOfNull: "refused" });
  const layers = reader.integer("num_hidden_layers");
  const tied = reader.get("tie_embedding") === undefined ? "tie_word_embeddings" : "tie_embedding";
  reader.get("tie_word_embeddings");
  return {
    family: "lfm2",
    vocabSize: reader.integer("vocab_size"),
    hiddenSize,
    layers,
    ...heads,
    intermediateSize: readIntermediateSize(reader),
    normEps: reader.number("norm_eps", 1e-5),
    maxPositions: reader.integer("max_position_embeddings"),
    rope: readRope(reader),
    tied: reader.flag(tied),
    layerTypes: readLayerTypes(reader, layers),
    convLength: reader.integer("conv_L_cache", 3),
    convBias: reader.flag("conv_bias"),
    ...reader.specialIds(),
  };
}

/** intermediate_size, or block_ff_dim, as Lfm2MLP adjusts it: two thirds, times a factor, rounded up to a multiple. */
function readIntermediateSize(reader: ConfigReader): number {
  const own = reader.get("block_ff_dim") === undefined ? "intermediate_size" : "block_ff_dim";
  reader.get("intermediate_size");
  const size = reader.integer(own);
  const multiple = reader.integer("block_multiple_of", 256);
  const adjusts = reader.flag("block_auto_adjust_ff_dim");
  const reduced = Math.trunc((2 * size) / 3);
  if (reader.get("block_ffn_dim_multiplier") === null) return adjusts ? reduced : size;
  const scaled = Math.trunc(reader.number("block_ffn_dim_multiplier") * reduced);
  return adjusts ? multiple * Math.ceil(scaled / multiple) : size;
}

/** layer_types, or full_attn_idxs: the layers of attention, by default all. */
function readLayerTypes(reader: ConfigReader, layers: number): LayerType[] {
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const attention = reader.get("full_attn_idxs") ?? all;
  const types =
    reader.get("layer_types") ??
    all.map((layer) => ([attention].flat().includes(layer) ? "full_attention" : "conv"));
  const known = (type: unknown): boolean => type === "conv" || type === "full_attention";
  if (!Array.isArray(types) || types.length !== layers || !types.every(known)) {
    reader.mistake("layer_types", `is not a list of ${layers} times "conv" or "full_attention"`);
    return [];
  }
  return types as LayerType[];
}

function configJson(config: Lfm2Config): Record<string, unknown> {
  return {
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    block_auto_adjust_ff_dim: false,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    max_position_embeddings: config.maxPositions,
    norm_eps: config.normEps,
    ...ropeJson(config.rope),
    tie_word_embeddings: config.tied,
    layer_types: config.layerTypes,
    conv_L_cache: config.convLength,
    conv_bias: config.convBias,
  };
}

/** The projections of the layer's attention or convolution, then those of its MLP. */
function linearsOf(config: Lfm2Config, layer: number): readonly Linear[] {
  const { hiddenSize: D, intermediateSize: F, heads, kvHeads, headDim, convBias } = config;
  const linear = (name: string, out: number, inn: number, bias = false): Linear => ({
    path: `model.layers.${layer}.${name}`,
    shape: [out, inn],
    bias,
    transposed: false,
    attention: name.startsWith("self_attn"),
  });
  const mixer =
    config.layerTypes[layer] === "conv"
      ? [linear("conv.in_proj", 3 * D, D, convBias), linear("conv.out_proj", D, D, convBias)]
      : [
          linear("self_attn.q_proj", heads * headDim, D),
          linear("self_attn.k_proj", kvHeads * headDim, D),
          linear("self_attn.v_proj", kvHeads * headDim, D),
          linear("self_attn.out_proj", D, heads * headDim),
        ];
  return [
    ...mixer,
    linear("feed_forward.w1", F, D),
    linear("feed_forward.w3", F, D),
    linear("feed_forward.w2", D, F),
  ];
}

function norm(b: ProgramBuilder, config: Lfm2Config, x: ValueId, module: string, width: number): ValueId {
  const weight = b.weight(`${module}.weight`, [width]);
  return b.node("rmsNorm", { x, weight }, { eps: config.normEps }).y;
}

function finalNorm(b: ProgramBuilder, config: Lfm2Config, x: ValueId): ValueId {
  return norm(b, config, x, "model.embedding_norm", config.hiddenSize);
}

function forward(b: ProgramBuilder, config: Lfm2Config, context: ForwardContext): ValueId {
  const { vocabSize, hiddenSize } = config;
  const add = (x: ValueId, y: ValueId): ValueId => b.node("add", { a: x, b: y }, {}).y;
  const table = b.weight(EMBEDDING, [vocabSize, hiddenSize]);
  let x = b.node("embed", { ids: context.ids, table }, {}).y;
  for (const [layer, type] of config.layerTypes.entries()) {
    b.scope = `layers.${layer}`;
    const linears = linearsOf(config, layer);
    const [w1, w3, w2] = linears.slice(-3) as [Linear, Linear, Linear];
    const h = norm(b, config, x, `model.layers.${layer}.operator_norm`, hiddenSize);
    const mix = type === "conv" ? convolution : attention;
    x = add(x, mix(b, config, context, layer, linears, h));
    const m = norm(b, config, x, `model.layers.${layer}.ffn_norm`, hiddenSize);
    const gated = b.node(
      "gatedMlp",
      { gate: project(b, w1, m), up: project(b, w3, m) },
      { activation: "silu" },
    ).y;
    x = add(x, project(b, w2, gated));
  }
  b.scope = undefined;
  return x;
}

function convolution(
  b: ProgramBuilder,
  { hiddenSize, convLength, convBias }: Lfm2Config,
  { convolve }: ForwardContext,
  layer: number,
  linears: readonly Linear[],
  h: ValueId,
): ValueId {
  const [input, output] = linears as [Linear, Linear];
  const path = `model.layers.${layer}.conv.conv`;
  const weights = {
    filter: b.weight(`${path}.weight`, [hiddenSize, 1, convLength]),
    bias: convBias ? b.weight(`${path}.bias`, [hiddenSize]) : undefined,
  };
  return project(b, output, convolve(layer, project(b, input, h), weights));
}

function attention(
  b: ProgramBuilder,
  config: Lfm2Config,
  { positions, maxPositions, attend }: ForwardContext,
  layer: number,
  linears: readonly Linear[],
  h: ValueId,
): ValueId {
  const { heads, kvHeads, headDim } = config;
  const [q, k, v, output] = linears as [Linear, Linear, Linear, Linear];
  const inverseFrequencies = Array.from(ropeFrequencies(headDim, config.rope));
  const rotated = (linear: Linear, heads: number, module: string): ValueId => {
    const path = `model.layers.${layer}.self_attn.${module}`;
    const x = norm(b, config, project(b, linear, h), path, headDim);
    return b.node("rope", { x, positions }, { heads, inverseFrequencies, maxPositions, inverse: false }).y;
  };
  const queries = rotated(q, heads, "q_layernorm");
  const keys = rotated(k, kvHeads, "k_layernorm");
  const shape = { heads, kvHeads, headDim, causal: true, scale: 1 / Math.sqrt(headDim) };
  return project(b, output, attend(layer, queries, keys, project(b, v, h), shape));
}
