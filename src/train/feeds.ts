import type { Batch } from "../data/batch.ts";
import type { HostTensor, Tensors } from "../engines/engine.ts";
import type { OptimizerSettings } from "../optim/adamw.ts";

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

/**
 * Inputs of an update: learning rate, bias corrections 1 - beta^t of step t (from 1 on), and the number of targets that the
 * gradient sums over. The corrections are computed in float64, because 1 - 0.999^t loses its digits in float32.
 */
export function updateFeeds(
  optimizer: OptimizerSettings,
  learningRate: number,
  t: number,
  count: number,
): Tensors {
  const scalar = (value: number): HostTensor => ({ shape: [1], data: Float64Array.of(value) });
  return {
    learning_rate: scalar(learningRate),
    correction1: scalar(1 - optimizer.beta1 ** t),
    correction2: scalar(1 - optimizer.beta2 ** t),
    count: scalar(count),
  };
}
