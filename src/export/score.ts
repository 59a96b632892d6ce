import { LorafitError } from "../errors.ts";
import { groupsByLength, prefill } from "./batch.ts";
import type { Decoder } from "./decoder.ts";

export interface ScoredRow {
  readonly ids: readonly number[];
  /** Index of the first scored token. No model predicts the first token of a row, so 0 means 1. */
  readonly from: number;
}

/** Natural log-likelihood of ids[from..], each given the tokens before it, as sum and count. Log-softmax in float64. */
export async function logLikelihood(
  decoder: Decoder,
  rows: readonly ScoredRow[],
  batchSize = 8,
): Promise<{ sum: number; count: number }[]> {
  const scores = rows.map(() => ({ sum: 0, count: 0 }));
  // The last token has no successor to predict.
  await forEachLogits(
    decoder,
    rows.map(({ ids }) => ids.slice(0, -1)),
    batchSize,
    (row, position, logits) => {
      const { ids, from } = rows[row]!;
      const target = position + 1;
      if (target < from) return;
      scores[row]!.sum += logits[ids[target]!]! - logSumExp(logits);
      scores[row]!.count++;
    },
  );
  return scores;
}

/** Logits [length, V] of each row. */
export async function rowLogits(
  decoder: Decoder,
  rows: readonly (readonly number[])[],
  batchSize = 8,
): Promise<Float32Array[]> {
  const V = decoder.config.vocabSize;
  const all = rows.map((row) => new Float32Array(row.length * V));
  await forEachLogits(decoder, rows, batchSize, (row, position, logits) =>
    all[row]!.set(logits, position * V),
  );
  return all;
}

async function forEachLogits(
  decoder: Decoder,
  rows: readonly (readonly number[])[],
  batchSize: number,
  visit: (row: number, position: number, logits: Float32Array) => void,
): Promise<void> {
  const { maxPositions } = decoder.config;
  const long = rows.findIndex((row) => row.length > maxPositions);
  if (long >= 0) {
    const length = rows[long]!.length;
    throw new LorafitError("data", `row ${long + 1}: ${length} tokens, the context holds ${maxPositions}`, {
      hint: "shorten it",
    });
  }
  const filled = rows.flatMap((row, index) => (row.length > 0 ? [index] : []));
  for (const group of groupsByLength(
    filled.map((index) => rows[index]!.length),
    batchSize,
  )) {
    const indices = group.map((i) => filled[i]!);
    await prefill(
      decoder,
      indices.map((index) => rows[index]!),
      (b, position, logits) => visit(indices[b]!, position, logits),
    );
  }
}

function logSumExp(x: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < x.length; i++) if (x[i]! > largest) largest = x[i]!;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.exp(x[i]! - largest);
  return largest + Math.log(sum);
}
