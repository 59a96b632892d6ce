import type { PartResult } from "./part.ts";
import type { Comparison } from "./ranking.ts";
import type { Configuration } from "./space.ts";

/** One configuration in the last rung that it reached. */
export interface SweepRow extends Omit<PartResult, "sha256" | "plan" | "blocks"> {
  readonly settings: Configuration;
  readonly rung: number;
  readonly share: number;
  readonly within_budget: boolean;
}

/** sweep/result.json. */
export interface SweepResult {
  readonly format_version: 1;
  readonly task: string;
  readonly base_sha256: string;
  readonly data_sha256: string;
  readonly seed: number;
  /** Blocks of held-out rows on which the last rung is compared. */
  readonly blocks: number;
  /** Largest loss on held-out general text, in nats per token; null without a budget. */
  readonly general_aim: number | null;
  /** Best first. */
  readonly rows: readonly SweepRow[];
  /** Index of the chosen configuration. */
  readonly chosen: number;
  readonly settings: Configuration;
  /** The other configurations of the last rung against the chosen one. */
  readonly comparisons: readonly Comparison[];
}
