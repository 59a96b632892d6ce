import { LorafitError } from "../errors.ts";
import { ProgramBuilder } from "../program/builder.ts";
import type { Dim, Program, ValueId } from "../program/program.ts";
import type { ModelConfig } from "./config.ts";
import { familyOf } from "./families/index.ts";
import type { ForwardContext } from "./family.ts";

/**
 * A [batch, sequence] grid of packed rows: inputs input_ids, positions, segments and, for a family that has them,
 * token_types i64 [B,S] -> hidden [B,S,D] before the final norm, as the Program's only output.
 */
export function hiddenProgram(config: ModelConfig, batch: number, sequence: number): Program {
  const b = new ProgramBuilder("hidden");
  const ids = b.input("input_ids", "i64", [batch, sequence]);
  const positions = b.input("positions", "i64", [batch, sequence]);
  const segments = b.input("segments", "i64", [batch, sequence]);
  // Positions start at 0 in each row, so the tables of a long context stay short.
  b.output(hiddenOf(b, config, { ids, positions, segments, maxPositions: sequence }), "hidden");
  return b.build();
}

/** Hidden state [B,S,D] before the final norm; a token sees those of its own segment. */
const hiddenOf = (
  b: ProgramBuilder,
  config: ModelConfig,
  {
    segments,
    ...context
  }: Pick<ForwardContext, "ids" | "positions" | "maxPositions"> &
    Partial<Pick<ForwardContext, "tokenTypes">> & { readonly segments: ValueId },
): ValueId =>
  familyOf(config).forward(b, config, {
    attend: (_, q, k, v, { headDim: _d, ...attrs }) => b.node("attention", { q, k, v, segments }, attrs).o,
    convolve: (_, x, weights) => b.node("gatedConv", { x, ...weights, segments }, {}).y,
    tokenTypes: () => b.input("token_types", "i64", b.value(context.ids).shape),
    ...context,
  });

/** The input `segments` of a Program that continues a hidden Program. */
export const segmentsOf = ({ inputs, values }: Program): ValueId =>
  inputs.find((id) => values[id]!.name === "segments")!;

/**
 * Final norm of the given rows: x [..,D] -> normed [..,D] and the head's weight [V,D].
 * @throws usage error for an encoder
 */
export function languageHead(
  b: ProgramBuilder,
  config: ModelConfig,
  x: ValueId,
): { readonly normed: ValueId; readonly head: ValueId } {
  refuseEncoder(config, "the base");
  return familyOf(config).head!(b, config, x);
}

/** @throws usage error for an encoder, where a next token is to be predicted */
export function refuseEncoder(config: ModelConfig, where: string): void {
  if (!isEncoder(config)) return;
  throw new LorafitError("usage", `${where}: ${config.family} is an encoder: it predicts no next token`, {
    hint: "name a decoder as the base",
  });
}

/** True for a family that predicts no next token. */
export const isEncoder = (config: ModelConfig): boolean => familyOf(config).head === undefined;

/** Continues a hidden Program to output `logits` [..,V] of every position. */
export function withLogits(config: ModelConfig, program: Program): Program {
  const b = ProgramBuilder.from(program, "logits");
  appendLogits(b, config, program.outputs[0]!);
  return b.build();
}

/** Continues a hidden Program to output `last_hidden_state` [B,S,D], after the final norm. */
export function withFinalNorm(config: ModelConfig, program: Program): Program {
  const b = ProgramBuilder.from({ ...program, outputs: [] }, "last_hidden_state");
  const normed = familyOf(config).finalNorm(b, config, program.outputs[0]!);
  b.output(normed, "last_hidden_state");
  return b.build();
}

function appendLogits(b: ProgramBuilder, config: ModelConfig, hidden: ValueId): void {
  const { normed, head } = languageHead(b, config, hidden);
  b.output(b.node("linear", { x: normed, weight: head }, {}).y, "logits");
}

/**
 * Decoding with a key/value cache, all sizes symbolic: inputs input_ids, position_ids [batch_size, sequence_length],
 * attention_mask [batch_size, total_sequence_length] and past_key_values.{i}.{key,value} or, for a layer of convolution,
 * past_conv.{i}; outputs logits and present.{i}.{key,value} or present_conv.{i}. Names and axes are those that
 * transformers.js and onnxruntime-genai expect.
 */
export function decodingProgram(config: ModelConfig): Program {
  const b = new ProgramBuilder("decoding");
  const grid: Dim[] = ["batch_size", "sequence_length"];
  const ids = b.input("input_ids", "i64", grid);
  const mask = b.input("attention_mask", "i64", ["batch_size", "total_sequence_length"]);
  const positions = b.input("position_ids", "i64", grid);
  const presents: { readonly name: string; readonly value: ValueId }[] = [];
  const hidden = familyOf(config).forward(b, config, {
    ids,
    positions,
    maxPositions: config.maxPositions,
    attend(layer, q, k, v, { headDim, causal: _, ...attrs }) {
      const shape: Dim[] = ["batch_size", attrs.kvHeads, "past_sequence_length", headDim];
      const pastKey = b.input(`past_key_values.${layer}.key`, "f32", shape);
      const pastValue = b.input(`past_key_values.${layer}.value`, "f32", shape);
      const inputs = { q, k, v, pastKey, pastValue, mask };
      const { o, presentKey, presentValue } = b.node("cachedAttention", inputs, attrs);
      presents.push({ name: `present.${layer}.key`, value: presentKey });
      presents.push({ name: `present.${layer}.value`, value: presentValue });
      return o;
    },
    convolve(layer, x, { filter, bias }) {
      const [width, , length] = b.value(filter).shape as [number, number, number];
      const past = b.input(`past_conv.${layer}`, "f32", ["batch_size", width, length]);
      const { y, present } = b.node("cachedGatedConv", { x, filter, bias, past, mask }, {});
      presents.push({ name: `present_conv.${layer}`, value: present });
      return y;
    },
    tokenTypes: () => b.input("token_type_ids", "i64", grid),
  });
  appendLogits(b, config, hidden);
  for (const { name, value } of presents) b.output(value, name);
  return b.build();
}

/**
 * Classification of texts, sizes symbolic: inputs input_ids, attention_mask, position_ids [batch_size, sequence_length] ->
 * logits [batch_size, K] of the last token of each row. `head` names the frozen weight [K,D].
 */
export function classifyingProgram(
  config: ModelConfig,
  head: { readonly name: string; readonly classes: number },
): Program {
  const b = new ProgramBuilder("classifying");
  const grid: Dim[] = ["batch_size", "sequence_length"];
  const ids = b.input("input_ids", "i64", grid);
  const mask = b.input("attention_mask", "i64", grid);
  const positions = b.input("position_ids", "i64", grid);
  // Padding is another document.
  const hidden = hiddenOf(b, config, {
    ...{ ids, positions, segments: mask },
    maxPositions: config.maxPositions,
  });
  const { y: pooled } = b.node("lastToken", { x: hidden, mask }, {});
  const weight = b.weight(head.name, [head.classes, config.hiddenSize]);
  b.output(b.node("linear", { x: familyOf(config).finalNorm(b, config, pooled), weight }, {}).y, "logits");
  return b.build();
}

/**
 * Hidden states of texts, sizes symbolic: inputs input_ids, attention_mask and, for a family that has them, token_type_ids
 * [batch_size, sequence_length], padded on the right -> last_hidden_state [batch_size, sequence_length, D]. Names are those of
 * transformers.js.
 */
export function encodingProgram(config: ModelConfig): Program {
  const b = new ProgramBuilder("encoding");
  const grid: Dim[] = ["batch_size", "sequence_length"];
  const ids = b.input("input_ids", "i64", grid);
  const segments = b.input("attention_mask", "i64", grid);
  // Padding is another document.
  const hidden = hiddenOf(b, config, {
    ...{ ids, positions: b.node("columnIndex", { ids }, {}).index, segments },
    maxPositions: config.maxPositions,
    tokenTypes: () => b.input("token_type_ids", "i64", grid),
  });
  b.output(familyOf(config).finalNorm(b, config, hidden), "last_hidden_state");
  return b.build();
}

/** Name and shape of every weight that the forward pass and the head read, in the order of first use. */
export function modelWeights(
  config: ModelConfig,
): { readonly name: string; readonly shape: readonly number[] }[] {
  const hidden = hiddenProgram(config, 1, 1);
  const program = isEncoder(config) ? withFinalNorm(config, hidden) : withLogits(config, hidden);
  return program.weights.map((id) => {
    const { name, shape } = program.values[id]!;
    return { name, shape: shape as readonly number[] };
  });
}
