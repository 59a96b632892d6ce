import type { GeluForm } from "../../ops/attrs.ts";
import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { ModelConfig } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";
import type { Family, ForwardContext, Linear } from "../family.ts";
import { GELU_FORMS, layerNorm, project } from "./layers.ts";

export interface Gpt2Config extends ModelConfig {
  readonly intermediateSize: number;
  readonly activation: GeluForm;
  readonly normEps: number;
  /** True if scores are multiplied by 1 / sqrt(headDim). */
  readonly scaledScores: boolean;
  /** True if the scores of layer i, counted from 1, are divided by i. */
  readonly scaledByLayer: boolean;
}

/**
 * Decoders with learned positions, LayerNorm and fused q, k, v (Radford et al. 2019, "Language Models are Unsupervised
 * Multitask Learners"; transformers' modeling_gpt2.py). Files store matrices as [in, out].
 */
export const gpt2: Family<Gpt2Config> = {
  modelType: "gpt2",
  architecture: "GPT2LMHeadModel",
  prefix: "transformer",
  embedding: "wte.weight",
  examples: "GPT-2, DistilGPT2",
  parseConfig,
  configJson,
  linears: (config) => Array.from({ length: config.layers }, (_, layer) => linearsOf(config, layer)).flat(),
  initial: (name) => (/ln_\w+\.weight$/.test(name) ? 1 : name.endsWith(".bias") ? 0 : "normal"),
  ignores: (name) => IGNORED.test(name),
  forward,
  finalNorm,
  head(b, config, x) {
    const head = config.tied ? EMBEDDING : HEAD;
    return {
      normed: finalNorm(b, config, x),
      head: b.weight(head, [config.vocabSize, config.hiddenSize]),
    };
  },
  opensInTransformersJs2: () => true,
  gguf: null,
};

function finalNorm(b: ProgramBuilder, config: Gpt2Config, x: ValueId): ValueId {
  return layerNorm(b, x, "transformer.ln_f", config.normEps);
}

const EMBEDDING = "transformer.wte.weight";
const HEAD = "lm_head.weight";
/** A tied head that is stored twice, and causal masks of old checkpoints. */
const IGNORED = /^lm_head\.weight$|(?:^|\.)h\.\d+\.attn\.(?:masked_)?bias$/;

/** Dropout, the summary of GPT2DoubleHeadsModel, and an order of rounding in half precision. */
const NO_ARITHMETIC =
  `n_ctx resid_pdrop embd_pdrop attn_pdrop reorder_and_upcast_attn summary_type summary_use_proj
  summary_activation summary_proj_to_labels summary_first_dropout`.split(/\s+/);

function parseConfig(reader: ConfigReader): Gpt2Config {
  reader.defaults({
    activation_function: "gelu_new",
    scale_attn_weights: true,
    tie_word_embeddings: true,
    bos_token_id: 50256,
    eos_token_id: 50256,
  });
  for (const key of NO_ARITHMETIC) reader.get(key);
  reader.only("activation_function", Object.keys(GELU_FORMS));
  const hiddenSize = reader.integer("n_embd");
  const heads = reader.integer("n_head");
  if (hiddenSize % heads !== 0) reader.mistake("n_head", `${heads} does not divide n_embd ${hiddenSize}`);
  return {
    family: "gpt2",
    vocabSize: reader.integer("vocab_size"),
    hiddenSize,
    layers: reader.integer("n_layer"),
    heads,
    kvHeads: heads,
    headDim: hiddenSize / heads,
    intermediateSize: reader.integer("n_inner", 4 * hiddenSize),
    activation: GELU_FORMS[reader.get("activation_function") as string] ?? "tanh",
    normEps: reader.number("layer_norm_epsilon", 1e-5),
    maxPositions: reader.integer("n_positions", 1024),
    tied: reader.flag("tie_word_embeddings"),
    scaledScores: reader.flag("scale_attn_weights"),
    scaledByLayer: reader.flag("scale_attn_by_inverse_layer_idx"),
    ...reader.specialIds(),
  };
}

function configJson(config: Gpt2Config): Record<string, unknown> {
  return {
    vocab_size: config.vocabSize,
    n_embd: config.hiddenSize,
    n_layer: config.layers,
    n_head: config.heads,
    n_inner: config.intermediateSize,
    n_positions: config.maxPositions,
    activation_function: config.activation === "tanh" ? "gelu_new" : "gelu",
    layer_norm_epsilon: config.normEps,
    scale_attn_weights: config.scaledScores,
    scale_attn_by_inverse_layer_idx: config.scaledByLayer,
    tie_word_embeddings: config.tied,
  };
}

/** The four projections of a block. */
function linearsOf(config: Gpt2Config, layer: number): readonly [Linear, Linear, Linear, Linear] {
  const { hiddenSize: D, intermediateSize: F } = config;
  const linear = (part: "attn" | "mlp", name: string, out: number, inn: number): Linear => ({
    path: `transformer.h.${layer}.${part}.${name}`,
    shape: [out, inn],
    bias: true,
    transposed: true,
    attention: part === "attn",
  });
  return [
    linear("attn", "c_attn", 3 * D, D),
    linear("attn", "c_proj", D, D),
    linear("mlp", "c_fc", F, D),
    linear("mlp", "c_proj", D, F),
  ];
}

function forward(b: ProgramBuilder, config: Gpt2Config, { ids, positions, attend }: ForwardContext): ValueId {
  const { vocabSize, hiddenSize, maxPositions, heads, headDim, normEps, activation } = config;
  const table = b.weight(EMBEDDING, [vocabSize, hiddenSize]);
  const places = b.weight("transformer.wpe.weight", [maxPositions, hiddenSize]);
  const add = (x: ValueId, y: ValueId): ValueId => b.node("add", { a: x, b: y }, {}).y;
  const words = b.node("embed", { ids, table }, {}).y;
  let x = add(words, b.node("embed", { ids: positions, table: places }, {}).y);
  for (let layer = 0; layer < config.layers; layer++) {
    b.scope = `layers.${layer}`;
    const [qkv, out, up, down] = linearsOf(config, layer);
    const h = layerNorm(b, x, `transformer.h.${layer}.ln_1`, normEps);
    const { parts } = b.node("splitColumns", { x: project(b, qkv, h) }, { count: 3 });
    const [q, k, v] = parts as [ValueId, ValueId, ValueId];
    const scale = (config.scaledScores ? 1 / Math.sqrt(headDim) : 1) / (config.scaledByLayer ? layer + 1 : 1);
    const attended = attend(layer, q, k, v, { heads, kvHeads: heads, headDim, causal: true, scale });
    x = add(x, project(b, out, attended));
    const inner = project(b, up, layerNorm(b, x, `transformer.h.${layer}.ln_2`, normEps));
    x = add(x, project(b, down, b.node("gelu", { x: inner }, { form: activation }).y));
  }
  b.scope = undefined;
  return x;
}
