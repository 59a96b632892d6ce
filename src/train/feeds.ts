import type { Batch } from "../data/batch.ts";
import type { Tensors } from "../engines/engine.ts";
import { updateInputs } from "../optim/adamw.ts";

/** Inputs of the training Programs for one batch. */
export function batchFeeds(batch: Batch): Tensors {
  const grid = [batch.batch, batch.sequence];
  const n = [batch.labelled.length];
  return {
    input_ids: { shape: grid, data: batch.inputIds },
    positions: { shape: grid, data: batch.positions },
    segments: { shape: grid, data: batch.segments },
    // A row is one text or several, never a pair.
    token_types: { shape: grid, data: new BigInt64Array(batch.segments.length) },
    labelled: { shape: n, data: batch.labelled },
    targets: { shape: n, data: batch.targets },
    loss_weights: { shape: n, data: batch.lossWeights },
  };
}

/** `updateInputs` as feeds, in float64. */
export const updateFeeds = (...values: Parameters<typeof updateInputs>): Tensors =>
  Object.fromEntries(
    Object.entries(updateInputs(...values)).map(([name, value]) => [
      name,
      { shape: [1], data: Float64Array.of(value) },
    ]),
  );
