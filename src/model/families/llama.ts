import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { ConfigReader } from "../config-reader.ts";
import type { Family, ForwardContext, Linear } from "../family.ts";
import { ropeFrequencies } from "../rope.ts";
import { project } from "./layers.ts";
import { biasJson, type LlamaConfig, llamaConfigJson, readBiases, readLlamaConfig } from "./llama-config.ts";
import { llamaGguf } from "./llama-gguf.ts";

/** Decoders with pre-norm blocks of attention and gated MLP (Touvron et al. 2023, "LLaMA"; transformers' modeling_llama.py). */
export const llama: Family<LlamaConfig> = {
  modelType: "llama",
  architecture: "LlamaForCausalLM",
  prefix: "model",
  embedding: "embed_tokens.weight",
  examples: "SmolLM2, Llama, TinyLlama",
  parseConfig,
  configJson: (config) => ({ ...llamaConfigJson(config), ...biasJson(config) }),
  linears: (config) => Array.from({ length: config.layers }, (_, layer) => linearsOf(config, layer)).flat(),
  initial: (name) => (NORM.test(name) ? 1 : name.endsWith(".bias") ? 0 : "normal"),
  ignores: (name) => IGNORED.test(name),
  forward,
  finalNorm,
  head(b, config, x) {
    const normed = scaled(b, finalNorm(b, config, x), 1 / (config.multipliers?.logits ?? 1));
    const head = config.tied ? EMBEDDING : HEAD;
    return { normed, head: b.weight(head, [config.vocabSize, config.hiddenSize]) };
  },
  // Version 2 takes headDim to be hiddenSize / heads.
  opensInTransformersJs2: ({ headDim, heads, hiddenSize }) => headDim * heads === hiddenSize,
  gguf: llamaGguf({ architecture: "llama", permuted: true, parseConfig }),
};

function parseConfig(reader: ConfigReader): LlamaConfig {
  reader.only("sliding_window", [null]);
  return readLlamaConfig(reader, "llama", readBiases(reader));
}

export const EMBEDDING = "model.embed_tokens.weight";
export const HEAD = "lm_head.weight";
const NORM = /^model\.(?:layers\.\d+\.(?:(?:input|post_attention)_layer|self_attn\.[qk]_))?norm\.weight$/;
/** A tied head that is stored twice, and rotary tables of old checkpoints. */
const IGNORED = /^lm_head\.weight$|rotary_emb\.inv_freq$/;

/** The seven projections of a block. */
export function linearsOf(
  config: LlamaConfig,
  layer: number,
): readonly [Linear, Linear, Linear, Linear, Linear, Linear, Linear] {
  const { hiddenSize: D, intermediateSize: F, heads, kvHeads, headDim, attentionBias, mlpBias } = config;
  const linear = (
    part: "self_attn" | "mlp",
    name: string,
    out: number,
    inn: number,
    bias: boolean,
  ): Linear => ({
    path: `model.layers.${layer}.${part}.${name}`,
    shape: [out, inn],
    bias,
    transposed: false,
    attention: part === "self_attn",
  });
  const qkvBias = attentionBias !== "none";
  return [
    linear("self_attn", "q_proj", heads * headDim, D, qkvBias),
    linear("self_attn", "k_proj", kvHeads * headDim, D, qkvBias),
    linear("self_attn", "v_proj", kvHeads * headDim, D, qkvBias),
    linear("self_attn", "o_proj", D, heads * headDim, attentionBias === "all"),
    linear("mlp", "gate_proj", F, D, mlpBias),
    linear("mlp", "up_proj", F, D, mlpBias),
    linear("mlp", "down_proj", D, F, mlpBias),
  ];
}

const norm = (b: ProgramBuilder, config: LlamaConfig, x: ValueId, module: string): ValueId =>
  b.node("rmsNorm", { x, weight: b.weight(`${module}.weight`, [config.hiddenSize]) }, { eps: config.normEps })
    .y;

function finalNorm(b: ProgramBuilder, config: LlamaConfig, x: ValueId): ValueId {
  return norm(b, config, x, "model.norm");
}

const scaled = (b: ProgramBuilder, x: ValueId, factor: number): ValueId =>
  factor === 1 ? x : b.node("scale", { x }, { factor }).y;

/** A projection to q or k; with head norms, each head is normalised. */
function headNorm(b: ProgramBuilder, config: LlamaConfig, linear: Linear, x: ValueId): ValueId {
  const y = project(b, linear, x);
  if (config.headNorms === undefined) return y;
  const weight = b.weight(`${linear.path.replace(/_proj$/, "_norm")}.weight`, [config.headDim]);
  return b.node("rmsNorm", { x: y, weight }, { eps: config.normEps }).y;
}

function forward(
  b: ProgramBuilder,
  config: LlamaConfig,
  { ids, positions, maxPositions, attend }: ForwardContext,
): ValueId {
  const { heads, kvHeads, headDim, multipliers, layersWithoutRope = [], sliding } = config;
  const inverseFrequencies = Array.from(ropeFrequencies(headDim, config.rope));
  const applyRope = (layer: number, x: ValueId, heads: number): ValueId => {
    if (layersWithoutRope.includes(layer)) return x;
    const attrs = { heads, inverseFrequencies, maxPositions, inverse: false };
    return b.node("rope", { x, positions }, attrs).y;
  };
  const scale = multipliers?.attention ?? 1 / Math.sqrt(headDim);
  const attention = { heads, kvHeads, headDim, causal: true, scale };
  const residual = multipliers?.residual ?? 1;

  const table = b.weight(EMBEDDING, [config.vocabSize, config.hiddenSize]);
  let x = scaled(b, b.node("embed", { ids, table }, {}).y, multipliers?.embedding ?? 1);
  for (let layer = 0; layer < config.layers; layer++) {
    b.scope = `layers.${layer}`;
    const [q, k, v, o, gate, up, down] = linearsOf(config, layer);
    const h = norm(b, config, x, `model.layers.${layer}.input_layernorm`);
    const queries = applyRope(layer, headNorm(b, config, q, h), heads);
    const keys = applyRope(layer, headNorm(b, config, k, h), kvHeads);
    const window = sliding?.layers.includes(layer) ? { window: sliding.window } : {};
    const attended = attend(layer, queries, keys, project(b, v, h), { ...attention, ...window });
    x = b.node("add", { a: x, b: scaled(b, project(b, o, attended), residual) }, {}).y;
    const m = norm(b, config, x, `model.layers.${layer}.post_attention_layernorm`);
    const inputs = { gate: project(b, gate, m), up: project(b, up, m) };
    const gated = b.node("gatedMlp", inputs, { activation: config.activation }).y;
    x = b.node("add", { a: x, b: scaled(b, project(b, down, gated), residual) }, {}).y;
  }
  b.scope = undefined;
  return x;
}
