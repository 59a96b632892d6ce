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

/** What a loss is computed from. */
export interface LossInputs {
  readonly config: ModelConfig;
  /** f32 [B,S,D], last hidden state before the final norm. */
  readonly hidden: ValueId;
  /** i64 [B,S], 0 where padded. */
  readonly segments: ValueId;
  /** f32 [K,D], the trained head of a task kind that has one. */
  readonly head: ValueId | undefined;
  /** N, capacity for targets. */
  readonly labelled: number;
  /** Budget for the logits that exist at once, in bytes of float32; undefined: the loss's own. */
  readonly logitsBytes: number | undefined;
}

/**
 * Appends a loss to a forward Program. Adds the inputs labelled, targets i64 [N] and loss_weights f32 [N] (0 for padding
 * entries).
 */
export type AppendLoss = (b: ProgramBuilder, inputs: LossInputs) => Loss;

/** The labelled positions of the hidden state [N,D] with their targets. */
export function labelledRows(b: ProgramBuilder, { hidden, labelled }: LossInputs) {
  const rows = b.input("labelled", "i64", [labelled]);
  const targets = b.input("targets", "i64", [labelled]);
  const lossWeights = b.input("loss_weights", "f32", [labelled]);
  const { y: picked } = b.node("gatherRows", { x: hidden, rows }, {});
  return { picked, targets, lossWeights };
}

/** Next-token cross entropy at the labelled positions only; norm and head are not computed at others. */
export const appendTokenLoss: AppendLoss = (b, inputs) => {
  const { config, labelled, logitsBytes = LOGITS_BYTES } = inputs;
  const { picked, targets, lossWeights } = labelledRows(b, inputs);
  const { normed, head } = languageHead(b, config, picked);
  const chunkRows = Math.max(1, Math.min(labelled, Math.floor(logitsBytes / (4 * config.vocabSize))));
  const { lossSum, correct } = b.node(
    "linearCrossEntropy",
    { h: normed, weight: head, targets, lossWeights },
    { chunkRows },
  );
  return { lossSum, correct };
};
