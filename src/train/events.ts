/** One optimizer step, over all its micro-batches. */
export interface StepEnd {
  readonly event: "step-end";
  /** Steps done, from 1 on. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  /** Nats per supervised token, before the update. */
  readonly loss: number;
  /** Share of supervised tokens that have the highest logit. */
  readonly accuracy: number;
  /** Norm of the mean gradient before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Tokens without padding. */
  readonly tokens: number;
  readonly supervisedTokens: number;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
}

/** A step whose loss or gradient was not finite; adapter and moments are unchanged. */
export interface StepSkipped {
  readonly event: "step-skipped";
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Consecutive skipped steps, including this one. */
  readonly inARow: number;
  readonly rows: readonly string[];
}

export interface ValidationEnd {
  readonly event: "validation-end";
  /** Step after which was validated; 0 is the base itself. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly supervisedTokens: number;
  readonly best: boolean;
}

export interface CheckpointWritten {
  readonly event: "checkpoint-written";
  readonly step: number;
  readonly path: string;
}

/** Events of the training loop; the rows of metrics.jsonl. */
export type LoopEvent = StepEnd | StepSkipped | ValidationEnd | CheckpointWritten;

export interface RunStart {
  readonly event: "run-start";
  readonly run: string;
  readonly engine: string;
  readonly device: string;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  readonly parameters: number;
  readonly trainRows: number;
  readonly validationRows: number;
  readonly estimatedBytes: number;
  readonly availableBytes: number;
  readonly recompute: boolean;
  /** First step of a resumed run; 0 for a new one. */
  readonly from: number;
}

export interface RunWarning {
  readonly event: "warning";
  readonly message: string;
}

export interface RunEnd {
  readonly event: "run-end";
  readonly run: string;
  readonly step: number;
  readonly reason: "all steps done" | "no improvement";
  readonly best: { readonly step: number; readonly loss: number } | null;
  readonly adapter: string;
  readonly peakBytes: number;
  readonly estimatedBytes: number;
}

export type TrainEvent = RunStart | RunWarning | LoopEvent | RunEnd;
