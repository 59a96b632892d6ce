import { ProgramBuilder } from "../program/builder.ts";
import type { Dim, Program, ValueId } from "../program/program.ts";
import { type ModelConfig, ropeFrequencies } from "./config.ts";

/** Width of each projection: [out, in], by the last part of its module path. The order is the order of the forward pass. */
export function projectionShapes(config: ModelConfig): Readonly<Record<string, readonly [number, number]>> {
  const { hiddenSize: D, intermediateSize: F, heads, kvHeads, headDim } = config;
  return {
    q_proj: [heads * headDim, D],
    k_proj: [kvHeads * headDim, D],
    v_proj: [kvHeads * headDim, D],
    o_proj: [D, heads * headDim],
    gate_proj: [F, D],
    up_proj: [F, D],
    down_proj: [D, F],
  };
}

const inAttention = (projection: string): boolean => /^[qkvo]_proj$/.test(projection);

/** Module path of a projection, without ".weight". */
export const modulePath = (layer: number, projection: string): string =>
  `model.layers.${layer}.${inAttention(projection) ? "self_attn" : "mlp"}.${projection}`;

function hasBias({ attentionBias, mlpBias }: ModelConfig, projection: string): boolean {
  if (!inAttention(projection)) return mlpBias;
  return attentionBias === "all" || (attentionBias === "qkv" && projection !== "o_proj");
}

export const headName = (config: ModelConfig): string =>
  config.tied ? "model.embed_tokens.weight" : "lm_head.weight";

type Attend = (layer: number, q: ValueId, k: ValueId, v: ValueId) => ValueId;

/**
 * The decoder up to, and without, the final norm: ids [B,S] -> hidden [B,S,D]. Pre-norm blocks of attention and gated MLP
 * (Touvron et al. 2023, "LLaMA"; transformers' modeling_llama.py). How attention sees the past is the caller's affair.
 */
function decoder(
  b: ProgramBuilder,
  config: ModelConfig,
  ids: ValueId,
  positions: ValueId,
  attend: Attend,
): ValueId {
  const shapes = projectionShapes(config);
  const D = config.hiddenSize;
  const frequencies = Array.from(ropeFrequencies(config));
  const project = (layer: number, name: string, x: ValueId): ValueId => {
    const module = modulePath(layer, name);
    const [out, inn] = shapes[name]!;
    const bias = hasBias(config, name) ? [b.weight(`${module}.bias`, [out])] : [];
    return b.node(
      "linear",
      [x, b.weight(`${module}.weight`, [out, inn]), ...bias],
      {},
      { names: [`${module}`] },
    )[0]!;
  };
  const norm = (x: ValueId, weight: string): ValueId =>
    b.node("rmsNorm", [x, b.weight(weight, [D])], { eps: config.normEps })[0]!;
  const applyRope = (x: ValueId, heads: number): ValueId =>
    b.node("rope", [x, positions], {
      heads,
      inverseFrequencies: frequencies,
      maxPositions: config.maxPositions,
      inverse: false,
    })[0]!;

  let x = b.node("embed", [ids, b.weight("model.embed_tokens.weight", [config.vocabSize, D])], {})[0]!;
  for (let layer = 0; layer < config.layers; layer++) {
    b.scope = `layers.${layer}`;
    const h = norm(x, `model.layers.${layer}.input_layernorm.weight`);
    const q = applyRope(project(layer, "q_proj", h), config.heads);
    const k = applyRope(project(layer, "k_proj", h), config.kvHeads);
    const attended = attend(layer, q, k, project(layer, "v_proj", h));
    x = b.node("add", [x, project(layer, "o_proj", attended)], {})[0]!;
    const m = norm(x, `model.layers.${layer}.post_attention_layernorm.weight`);
    const gated = b.node("gatedMlp", [project(layer, "gate_proj", m), project(layer, "up_proj", m)], {
      activation: config.activation,
    })[0]!;
    x = b.node("add", [x, project(layer, "down_proj", gated)], {})[0]!;
  }
  b.scope = undefined;
  return x;
}

const attentionScale = (config: ModelConfig): number => 1 / Math.sqrt(config.headDim);

/** Final norm and head over whatever rows are given: x [..,D] -> normed [..,D] and the head's weight. */
export function finalNorm(
  b: ProgramBuilder,
  config: ModelConfig,
  x: ValueId,
): { normed: ValueId; head: ValueId } {
  const weight = b.weight("model.norm.weight", [config.hiddenSize]);
  const normed = b.node("rmsNorm", [x, weight], { eps: config.normEps })[0]!;
  return { normed, head: b.weight(headName(config), [config.vocabSize, config.hiddenSize]) };
}

/**
 * A [batch, sequence] grid of packed rows: inputs input_ids, positions, segments i64 [B,S] -> hidden [B,S,D] before the
 * final norm, as the Program's only output.
 */
export function hiddenProgram(config: ModelConfig, batch: number, sequence: number): Program {
  const b = new ProgramBuilder("hidden");
  const ids = b.input("input_ids", "i64", [batch, sequence]);
  const positions = b.input("positions", "i64", [batch, sequence]);
  const segments = b.input("segments", "i64", [batch, sequence]);
  const attrs = { heads: config.heads, kvHeads: config.kvHeads, causal: true, scale: attentionScale(config) };
  const hidden = decoder(
    b,
    config,
    ids,
    positions,
    (_, q, k, v) => b.node("attention", [q, k, v, segments], attrs)[0]!,
  );
  b.output(hidden, "hidden");
  return b.build();
}

/** Goes on from a hidden Program to output `logits` [..,V] of every position. */
export function withLogits(config: ModelConfig, program: Program): Program {
  const b = ProgramBuilder.from(program, "logits");
  const { normed, head } = finalNorm(b, config, program.outputs[0]!);
  b.output(b.node("linear", [normed, head], {})[0]!, "logits");
  return b.build();
}

/**
 * Decoding with a key/value cache, all sizes symbolic: inputs input_ids, position_ids [batch_size, sequence_length],
 * attention_mask [batch_size, total_sequence_length] and past_key_values.{i}.{key,value}; outputs logits and
 * present.{i}.{key,value}: the names and axes that transformers.js and onnxruntime-genai expect. It ends in logits already.
 */
export function decodingProgram(config: ModelConfig): Program {
  const b = new ProgramBuilder("decoding");
  const grid: Dim[] = ["batch_size", "sequence_length"];
  const ids = b.input("input_ids", "i64", grid);
  const mask = b.input("attention_mask", "i64", ["batch_size", "total_sequence_length"]);
  const positions = b.input("position_ids", "i64", grid);
  const past = (layer: number, kind: string): ValueId =>
    b.input(`past_key_values.${layer}.${kind}`, "f32", [
      "batch_size",
      config.kvHeads,
      "past_sequence_length",
      config.headDim,
    ]);
  const pasts = Array.from({ length: config.layers }, (_, layer) => [
    past(layer, "key"),
    past(layer, "value"),
  ]);
  const attrs = { heads: config.heads, kvHeads: config.kvHeads, scale: attentionScale(config) };
  const presents: ValueId[][] = [];
  const x = decoder(b, config, ids, positions, (layer, q, k, v) => {
    const [key, value] = pasts[layer] as [ValueId, ValueId];
    const [attended, presentKey, presentValue] = b.node(
      "cachedAttention",
      [q, k, v, key, value, mask],
      attrs,
    );
    presents.push([presentKey!, presentValue!]);
    return attended!;
  });
  const { normed, head } = finalNorm(b, config, x);
  b.output(b.node("linear", [normed, head], {})[0]!, "logits");
  for (const [layer, [key, value]] of presents.entries()) {
    b.output(key!, `present.${layer}.key`);
    b.output(value!, `present.${layer}.value`);
  }
  return b.build();
}
