import type { GeluForm } from "../../ops/attrs.ts";
import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { ModelConfig } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";
import type { Family, ForwardContext, Linear } from "../family.ts";
import { type Rope, ropeFrequencies } from "../rope.ts";
import { GELU_FORMS, layerNorm, project } from "./layers.ts";

const LAYER_TYPES = ["full_attention", "sliding_attention"] as const;
type LayerType = (typeof LAYER_TYPES)[number];

export interface ModernBertConfig extends ModelConfig {
  readonly intermediateSize: number;
  readonly activation: GeluForm;
  readonly normEps: number;
  readonly normBias: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly layerTypes: readonly LayerType[];
  /** Width of the window of sliding layers, both sides together. */
  readonly localAttention: number;
  readonly theta: Readonly<Record<LayerType, number>>;
}

/**
 * Encoders with rotary positions, GeGLU and a window in two of three layers (Warner et al. 2024, "Smarter, Better, Faster, Longer";
 * transformers' modeling_modernbert.py).
 */
export const modernbert: Family<ModernBertConfig> = {
  modelType: "modernbert",
  architecture: "ModernBertModel",
  prefix: "model",
  embedding: "embeddings.tok_embeddings.weight",
  examples: "ModernBERT, Ettin encoders",
  parseConfig,
  configJson,
  linears: (config) => config.layerTypes.flatMap((_, layer) => linearsOf(config, layer)),
  initial: (name) => (/norm\.weight$/.test(name) ? 1 : name.endsWith(".bias") ? 0 : "normal"),
  ignores: (name) => /^(?:head|decoder|classifier)\./.test(name),
  forward,
  finalNorm: (b, config, x) => norm(b, config, x, "model.final_norm"),
  opensInTransformersJs2: () => false,
  gguf: null,
};

/** Dropout, heads of other classes, and switches of transformers' own kernels. */
const NO_ARITHMETIC =
  `embedding_dropout mlp_dropout decoder_bias classifier_pooling classifier_dropout classifier_bias
  classifier_activation deterministic_flash_attn sparse_prediction sparse_pred_ignore_index initializer_cutoff_factor
  reference_compile repad_logits_with_grad layer_norm_eps position_embedding_type gradient_checkpointing cls_token_id
  tie_word_embeddings`.split(/\s+/);

function parseConfig(reader: ConfigReader): ModernBertConfig {
  reader.defaults({
    hidden_activation: "gelu",
    pad_token_id: 50283,
    bos_token_id: 50281,
    eos_token_id: 50282,
  });
  for (const key of NO_ARITHMETIC) reader.get(key);
  reader.only("hidden_activation", Object.keys(GELU_FORMS));
  const hiddenSize = reader.integer("hidden_size");
  const heads = reader.integer("num_attention_heads");
  if (hiddenSize % (2 * heads) !== 0)
    reader.mistake("num_attention_heads", `${heads} heads of hidden_size ${hiddenSize} have no even width`);
  const layers = reader.integer("num_hidden_layers");
  return {
    family: "modernbert",
    vocabSize: reader.integer("vocab_size"),
    hiddenSize,
    layers,
    heads,
    kvHeads: heads,
    headDim: hiddenSize / heads,
    intermediateSize: reader.integer("intermediate_size"),
    activation: GELU_FORMS[reader.get("hidden_activation") as string] ?? "erf",
    normEps: reader.number("norm_eps", 1e-5),
    normBias: reader.flag("norm_bias"),
    attentionBias: reader.flag("attention_bias"),
    mlpBias: reader.flag("mlp_bias"),
    maxPositions: reader.integer("max_position_embeddings", 8192),
    layerTypes: readLayerTypes(reader, layers),
    localAttention: reader.integer("local_attention", 128),
    theta: readTheta(reader),
    tied: true,
    ...reader.specialIds(),
  };
}

/** layer_types, or the first of every global_attn_every_n_layers layers without a window. */
function readLayerTypes(reader: ConfigReader, layers: number): LayerType[] {
  const every = reader.integer("global_attn_every_n_layers", 3);
  const types =
    reader.get("layer_types") ??
    Array.from({ length: layers }, (_, layer) => LAYER_TYPES[layer % every === 0 ? 0 : 1]);
  const known = (type: unknown): boolean => LAYER_TYPES.includes(type as LayerType);
  if (Array.isArray(types) && types.length === layers && types.every(known)) return types as LayerType[];
  reader.mistake("layer_types", `is not a list of ${layers} among ${LAYER_TYPES.join(", ")}`);
  return [];
}

/** rope_parameters by layer type, or the older global_rope_theta and local_rope_theta. */
function readTheta(reader: ConfigReader): Record<LayerType, number> {
  reader.only("rope_scaling", [null]);
  const byType = (reader.get("rope_parameters") ?? {}) as Partial<Record<LayerType, Record<string, unknown>>>;
  const thetaOf = (type: LayerType, older: number): number => {
    const { rope_theta: theta = older, rope_type: kind = "default" } = byType[type] ?? {};
    if (kind !== "default")
      reader.mistake("rope_parameters", `rope_type ${JSON.stringify(kind)} is not supported`);
    if (typeof theta === "number" && theta > 0) return theta;
    reader.mistake("rope_parameters", `rope_theta ${JSON.stringify(theta)} is not a positive number`);
    return 1;
  };
  return {
    full_attention: thetaOf("full_attention", reader.number("global_rope_theta", 160_000)),
    sliding_attention: thetaOf("sliding_attention", reader.number("local_rope_theta", 10_000)),
  };
}

function configJson(config: ModernBertConfig): Record<string, unknown> {
  const { full_attention: full, sliding_attention: sliding } = config.theta;
  return {
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    hidden_activation: config.activation === "erf" ? "gelu" : "gelu_new",
    max_position_embeddings: config.maxPositions,
    norm_eps: config.normEps,
    norm_bias: config.normBias,
    attention_bias: config.attentionBias,
    mlp_bias: config.mlpBias,
    layer_types: config.layerTypes,
    local_attention: config.localAttention,
    global_rope_theta: full,
    local_rope_theta: sliding,
  };
}

/** The projections of a layer. */
function linearsOf(config: ModernBertConfig, layer: number): readonly [Linear, Linear, Linear, Linear] {
  const { hiddenSize: D, intermediateSize: F, attentionBias, mlpBias } = config;
  const linear = (part: "attn" | "mlp", name: string, out: number, inn: number): Linear => ({
    path: `model.layers.${layer}.${part}.${name}`,
    shape: [out, inn],
    bias: part === "attn" ? attentionBias : mlpBias,
    transposed: false,
    attention: part === "attn",
  });
  return [
    linear("attn", "Wqkv", 3 * D, D),
    linear("attn", "Wo", D, D),
    linear("mlp", "Wi", 2 * F, D),
    linear("mlp", "Wo", D, F),
  ];
}

function norm(b: ProgramBuilder, config: ModernBertConfig, x: ValueId, module: string): ValueId {
  return layerNorm(b, x, module, config.normEps, { biased: config.normBias });
}

function forward(b: ProgramBuilder, config: ModernBertConfig, context: ForwardContext): ValueId {
  const { vocabSize, hiddenSize, heads, headDim, activation, localAttention } = config;
  const { maxPositions } = context;
  const add = (x: ValueId, y: ValueId): ValueId => b.node("add", { a: x, b: y }, {}).y;
  const split = (x: ValueId, count: number): readonly ValueId[] =>
    b.node("splitColumns", { x }, { count }).parts;
  const frequencies = (type: LayerType): number[] => {
    const rope: Rope = { theta: config.theta[type], scaling: null };
    return Array.from(ropeFrequencies(headDim, rope));
  };
  const table = b.weight("model.embeddings.tok_embeddings.weight", [vocabSize, hiddenSize]);
  let x = norm(b, config, b.node("embed", { ids: context.ids, table }, {}).y, "model.embeddings.norm");
  const shape = { heads, kvHeads: heads, headDim, causal: false, scale: 1 / Math.sqrt(headDim) };
  for (const [layer, type] of config.layerTypes.entries()) {
    b.scope = `layers.${layer}`;
    const path = `model.layers.${layer}`;
    const [qkv, out, up, down] = linearsOf(config, layer);
    const h = layer === 0 ? x : norm(b, config, x, `${path}.attn_norm`);
    const [q, k, v] = split(project(b, qkv, h), 3) as [ValueId, ValueId, ValueId];
    const inverseFrequencies = frequencies(type);
    const rotated = (y: ValueId): ValueId =>
      b.node(
        "rope",
        { x: y, positions: context.positions },
        { heads, inverseFrequencies, maxPositions, inverse: false },
      ).y;
    // transformers lets a token see others up to half the window away, that distance included.
    const window = type === "full_attention" ? {} : { window: Math.floor(localAttention / 2) + 1 };
    const attended = context.attend(layer, rotated(q), rotated(k), v, { ...shape, ...window });
    x = add(x, project(b, out, attended));
    const inner = project(b, up, norm(b, config, x, `${path}.mlp_norm`));
    const [input, gate] = split(inner, 2) as [ValueId, ValueId];
    const activated = b.node("gelu", { x: input }, { form: activation }).y;
    x = add(x, project(b, down, b.node("multiply", { a: activated, b: gate }, {}).y));
  }
  b.scope = undefined;
  return x;
}
