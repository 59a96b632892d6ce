import type { GeluForm } from "../../ops/attrs.ts";
import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { ModelConfig } from "../config.ts";
import type { ConfigReader } from "../config-reader.ts";
import type { Family, ForwardContext, Linear } from "../family.ts";
import { GELU_FORMS, layerNorm, project } from "./layers.ts";

export interface BertConfig extends ModelConfig {
  readonly intermediateSize: number;
  readonly activation: GeluForm;
  readonly normEps: number;
  readonly tokenTypes: number;
}

/**
 * Encoders with learned positions, token types and a LayerNorm after each sum (Devlin et al. 2019, "BERT"; transformers'
 * modeling_bert.py): MiniLM, BGE and E5 among them. The hidden state is last_hidden_state; pooling is left to the caller.
 */
export const bert: Family<BertConfig> = {
  modelType: "bert",
  architecture: "BertModel",
  prefix: "bert",
  embedding: "embeddings.word_embeddings.weight",
  examples: "BERT, MiniLM, BGE, E5",
  parseConfig,
  configJson,
  linears: (config) => Array.from({ length: config.layers }, (_, layer) => linearsOf(config, layer)).flat(),
  initial: (name) => (/LayerNorm\.weight$/.test(name) ? 1 : name.endsWith(".bias") ? 0 : "normal"),
  ignores: (name) => IGNORED.test(name),
  forward,
  // Every layer ends with its norm.
  finalNorm: (_b, _config, x) => x,
  opensInTransformersJs2: () => true,
  gguf: null,
};

/** The pooler, position numbers that old files store, and heads of other classes. */
const IGNORED = /^(?:bert\.)?(?:pooler\.|embeddings\.position_ids$)|^(?:cls|classifier|qa_outputs)\./;

function parseConfig(reader: ConfigReader): BertConfig {
  reader.defaults({ hidden_act: "gelu", type_vocab_size: 2, pad_token_id: 0 });
  for (const key of ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"])
    reader.get(key);
  for (const key of ["gradient_checkpointing", "tie_word_embeddings"]) reader.get(key);
  reader.only("hidden_act", Object.keys(GELU_FORMS));
  reader.only("position_embedding_type", ["absolute"]);
  reader.only("is_decoder", [false]);
  const hiddenSize = reader.integer("hidden_size");
  const heads = reader.integer("num_attention_heads");
  if (hiddenSize % heads !== 0)
    reader.mistake("num_attention_heads", `${heads} does not divide hidden_size ${hiddenSize}`);
  return {
    family: "bert",
    vocabSize: reader.integer("vocab_size"),
    hiddenSize,
    layers: reader.integer("num_hidden_layers"),
    heads,
    kvHeads: heads,
    headDim: hiddenSize / heads,
    intermediateSize: reader.integer("intermediate_size"),
    activation: GELU_FORMS[reader.get("hidden_act") as string] ?? "erf",
    normEps: reader.number("layer_norm_eps", 1e-12),
    maxPositions: reader.integer("max_position_embeddings", 512),
    tokenTypes: reader.integer("type_vocab_size"),
    tied: true,
    ...reader.specialIds(),
  };
}

function configJson(config: BertConfig): Record<string, unknown> {
  return {
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    hidden_act: config.activation === "erf" ? "gelu" : "gelu_new",
    layer_norm_eps: config.normEps,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.tokenTypes,
    position_embedding_type: "absolute",
  };
}

type Six = readonly [Linear, Linear, Linear, Linear, Linear, Linear];

const layerPath = (layer: number): string => `bert.encoder.layer.${layer}`;

/** The projections of a layer. */
function linearsOf({ hiddenSize: D, intermediateSize: F }: BertConfig, layer: number): Six {
  const linear = (name: string, out: number, inn: number): Linear => ({
    path: `${layerPath(layer)}.${name}`,
    shape: [out, inn],
    bias: true,
    transposed: false,
    attention: name.startsWith("attention"),
  });
  return [
    linear("attention.self.query", D, D),
    linear("attention.self.key", D, D),
    linear("attention.self.value", D, D),
    linear("attention.output.dense", D, D),
    linear("intermediate.dense", F, D),
    linear("output.dense", D, F),
  ];
}

function forward(b: ProgramBuilder, config: BertConfig, context: ForwardContext): ValueId {
  const { hiddenSize, heads, headDim, normEps, activation } = config;
  const table = (name: string, rows: number): ValueId =>
    b.weight(`bert.embeddings.${name}_embeddings.weight`, [rows, hiddenSize]);
  const embedded = (ids: ValueId, name: string, rows: number): ValueId =>
    b.node("embed", { ids, table: table(name, rows) }, {}).y;
  const add = (x: ValueId, y: ValueId): ValueId => b.node("add", { a: x, b: y }, {}).y;
  const norm = (x: ValueId, module: string): ValueId => layerNorm(b, x, module, normEps);

  const words = embedded(context.ids, "word", config.vocabSize);
  const types = embedded(context.tokenTypes(), "token_type", config.tokenTypes);
  const places = embedded(context.positions, "position", config.maxPositions);
  let x = norm(add(add(words, types), places), "bert.embeddings.LayerNorm");
  const shape = { heads, kvHeads: heads, headDim, causal: false, scale: 1 / Math.sqrt(headDim) };
  for (let layer = 0; layer < config.layers; layer++) {
    b.scope = `layers.${layer}`;
    const [query, key, value, out, up, down] = linearsOf(config, layer);
    const [q, k, v] = [project(b, query, x), project(b, key, x), project(b, value, x)];
    const attended = project(b, out, context.attend(layer, q, k, v, shape));
    const middle = norm(add(attended, x), `${layerPath(layer)}.attention.output.LayerNorm`);
    const inner = b.node("gelu", { x: project(b, up, middle) }, { form: activation }).y;
    x = norm(add(project(b, down, inner), middle), `${layerPath(layer)}.output.LayerNorm`);
  }
  b.scope = undefined;
  return x;
}
