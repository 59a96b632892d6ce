import type { ModelConfig } from "../model/config.ts";
import { languageHead } from "../model/programs.ts";
import type { ProgramBuilder } from "../program/builder.ts";
import type { ValueId } from "../program/program.ts";

/**
 * Default budget for the logits that exist at once, in bytes of float32: 256 rows of a vocabulary of 49,152
 * (measured on two CPU cores: no slower than all at once). An engine can set its own.
 */
const LOGITS_BYTES = 48 * 1024 * 1024;

export interface Loss {
  /** [1], sum over the labelled positions, to be divided by their number once a step. */
  readonly lossSum: ValueId;
  /** [1], labelled positions whose most likely class is the target. */
  readonly correct: ValueId;
}

/**
 * Appends a loss to a forward Program.
 * @param hidden f32 [B,S,H], last hidden state before the final norm
 * @param labelled N, capacity for targets
 * @param logitsBytes budget for the logits that exist at once, in bytes of float32
 */
export type AppendLoss = (
  b: ProgramBuilder,
  config: ModelConfig,
  hidden: ValueId,
  labelled: number,
  logitsBytes?: number,
) => Loss;

/**
 * Next-token cross entropy at the labelled positions only; norm and head are not computed at others.
 * Adds the inputs labelled, targets i64 [N] and loss_weights f32 [N] (0 for padding entries).
 */
export const appendTokenLoss: AppendLoss = (b, config, hidden, labelled, logitsBytes = LOGITS_BYTES) => {
  const rows = b.input("labelled", "i64", [labelled]);
  const targets = b.input("targets", "i64", [labelled]);
  const lossWeights = b.input("loss_weights", "f32", [labelled]);
  const { y: picked } = b.node("gatherRows", { x: hidden, rows }, {});
  const { normed, head } = languageHead(b, config, picked);
  const chunkRows = Math.max(1, Math.min(labelled, Math.floor(logitsBytes / (4 * config.vocabSize))));
  const inputs = { h: normed, weight: head, targets, lossWeights };
  const { lossSum, correct } = b.node("linearCrossEntropy", inputs, { chunkRows });
  return { lossSum, correct };
};
