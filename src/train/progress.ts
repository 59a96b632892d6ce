import * as z from "zod";

/** Progress of a run without its tensors. The data cursor is `step`, because batches are a function of seed and step. */
export const progressSchema = z.strictObject({
  /** Optimizer steps done, skipped ones included. */
  step: z.int().min(0),
  /** Epoch of the next step, from 0 on. */
  epoch: z.int().min(0),
  /** Committed steps: AdamW's t. */
  updates: z.int().min(0),
  skippedInARow: z.int().min(0),
  best: z.strictObject({ step: z.int().min(0), loss: z.number() }).nullable(),
  validationsSinceBest: z.int().min(0),
});

export type Progress = Readonly<z.output<typeof progressSchema>>;

export const START: Progress = {
  step: 0,
  epoch: 0,
  updates: 0,
  skippedInARow: 0,
  best: null,
  validationsSinceBest: 0,
};

export function advance(progress: Progress, committed: boolean, stepsPerEpoch: number): Progress {
  const step = progress.step + 1;
  return {
    ...progress,
    step,
    epoch: Math.floor(step / stepsPerEpoch),
    updates: progress.updates + (committed ? 1 : 0),
    skippedInARow: committed ? 0 : progress.skippedInARow + 1,
  };
}
