import type { CurateSummary } from "../data/curate/curate.ts";
import type { AnswerEvent } from "../evaluate/answers/answer.ts";
import type { PowerNote } from "../evaluate/decision/power.ts";
import type { Verdict } from "../evaluate/gate.ts";
import type { TrainEvent } from "../train/events.ts";
import type { RepairEvent } from "./repair/repair.ts";

export type StageName = "curate" | "lock" | "train" | "export" | "eval" | "gate" | "report";

/** A stage of the pipeline starts, or is skipped because its result exists. */
export interface StageEvent {
  readonly event: "stage";
  readonly stage: StageName;
  readonly state: "started" | "skipped";
}

export interface Curated {
  readonly event: "curated";
  readonly summary: CurateSummary;
}

export interface Locked {
  readonly event: "locked";
  readonly file: string;
  readonly sha256: string;
  /** Numbers of cases and of criteria. */
  readonly cases: number;
  readonly criteria: number;
  /** Changes after a look, a line each; the ledger keeps them with their reason. */
  readonly amended: readonly string[];
  readonly power: readonly PowerNote[];
  /** Weaknesses of the cases and criteria, a line each. */
  readonly warnings: readonly string[];
}

/** Power of the task's cases, before training. */
export interface Power {
  readonly event: "power";
  readonly power: readonly PowerNote[];
}

export interface SeedStart {
  readonly event: "seed-start";
  readonly seed: number;
  /** From 1 on; the first ships. */
  readonly number: number;
  readonly of: number;
}

/** Statistics of the training period were kept for `drift`. */
export interface DriftReferenceKept {
  readonly event: "drift-reference";
  readonly queries: number;
  readonly bytes: number;
}

/** Both models of a run are about to be exported. */
export interface Exporting {
  readonly event: "exporting";
  readonly run: string;
}

export interface Evaluated {
  readonly event: "evaluated";
  readonly run: string;
  readonly cases: number;
}

export interface Judged {
  readonly event: "judged";
  readonly run: string;
  readonly verdict: Verdict;
}

export interface Reported {
  readonly event: "reported";
  readonly file: string;
}

/** Events of the pipeline and its stages. */
export type PipelineEvent =
  | StageEvent
  | Curated
  | Locked
  | Power
  | TrainEvent
  | SeedStart
  | RepairEvent
  | DriftReferenceKept
  | Exporting
  | AnswerEvent
  | Evaluated
  | Judged
  | Reported;

/**
 * Turns work that reports by callback into a generator of its events.
 * @returns the result of the work
 */
export async function* eventsOf<E, T>(work: (emit: (event: E) => void) => Promise<T>): AsyncGenerator<E, T> {
  const queue: E[] = [];
  let wake = (): void => {};
  let ended = false;
  const result = work((event) => {
    queue.push(event);
    wake();
  }).finally(() => {
    ended = true;
    wake();
  });
  // The rejection is reported by the await below.
  result.catch(() => {});
  for (;;) {
    yield* queue.splice(0);
    if (ended && queue.length === 0) return await result;
    if (queue.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (ended) resolve();
      });
    }
  }
}
