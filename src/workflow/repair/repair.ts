import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { LorafitError, listMistakes } from "../../errors.ts";
import { writeFileAtomic } from "../../formats/files.ts";
import { jsonText, readJson } from "../../formats/json.ts";
import type { Task } from "../../task/load.ts";
import { writeAdapter } from "../../train/adapter.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { TrainPlan } from "../../train/plan.ts";
import { type TrainOptions, trainRun } from "../../train/run.ts";
import { runFolder } from "../../train/run-folder.ts";
import { cheapTrials, type Measured, openMeter, parametersOf, type Trial } from "./trials.ts";

/** Bound on the loss of general capability, in nats per token, from the criterion of this name. */
export interface Budget {
  readonly criterion: string;
  readonly budget: number;
  /** Bound for a repair: below the budget, because the gate applies the budget to the end of an interval and to other texts. */
  readonly aim: number;
}

/** repair.json of a run that was trained within a budget: every trial, and the chosen one. */
export interface RepairRecord extends Budget {
  readonly format_version: 1;
  /** Rows of general text that were held out of data.replay; no case is among them. */
  readonly general_rows: number;
  /** Losses of the base on the held-out rows. */
  readonly base: Measured;
  readonly trials: readonly (Trial & { readonly run: string })[];
  /** Index of the trial that became the run's adapter. */
  readonly chosen: number;
  readonly outcome: "within budget" | "repaired" | "not repaired";
}

export type RepairEvent =
  | ({ readonly event: "repair-trial"; readonly lost: number; readonly within: boolean } & Trial)
  | ({ readonly event: "repair-end"; readonly run: string } & RepairRecord);

const AIM = 0.8;
/** Share of the gain on the domain that a repair without training must keep; else replay is tried too. */
const WORTH_KEEPING = 0.5;
const MOST_REPLAY = 0.9;
const RETRAININGS = 2;

export const repairFile = (run: string): string => join(run, "repair.json");

/** Budget of the task. @throws usage error that lists everything that the task lacks for one */
export function budgetOf(task: Task): Budget {
  const found = findBudget(task);
  if (found !== undefined) return found;
  const missing = [
    ...(strictestMargin(task) === undefined
      ? ["success: no criterion of kind non-inferiority with scorer cross-entropy"]
      : []),
    ...(task.data.replay === undefined ? ["data.replay: no general text, of which a part is held out"] : []),
  ];
  throw new LorafitError("usage", `a budget for general capability needs more:\n${listMistakes(missing)}`, {
    hint: "docs/release.md says what --within-budget does",
  });
}

/** Budget of the task; undefined without general text to hold out or without a criterion for it. */
export function findBudget(task: Task): Budget | undefined {
  const strictest = strictestMargin(task);
  if (strictest === undefined || task.data.replay === undefined) return undefined;
  return { criterion: strictest.name, budget: strictest.margin, aim: AIM * strictest.margin };
}

/** The criterion with the smallest margin on the cross entropy of general text. */
function strictestMargin(task: Task): { readonly name: string; readonly margin: number } | undefined {
  const criteria = task.success.filter(
    (criterion) => criterion.kind === "non-inferiority" && criterion.scorer === "cross-entropy",
  );
  const margins = criteria.map((criterion) => ({
    name: criterion.name,
    margin: (criterion as { margin: number }).margin,
  }));
  return margins.sort((a, b) => a.margin - b.margin)[0];
}

/**
 * Measures a run's adapter on held-out general text. If it loses more than the budget, tries remedies, cheapest first: a smaller
 * scale and earlier checkpoints, then training with more replay. The trial within the budget that has the lowest loss on the
 * domain's held-out rows becomes the run's adapter. Never reads cases. Writes repair.json; the result is deterministic.
 */
export async function* repairRun(
  path: string,
  options: TrainOptions,
): AsyncGenerator<TrainEvent | RepairEvent> {
  const { task, base } = options;
  const budget = budgetOf(task);
  const trials: RepairRecord["trials"][number][] = [];
  let ofBase: Measured | undefined;
  const lost = ({ general }: Measured): number => general - ofBase!.general;
  const gained = ({ domain }: Measured): number => ofBase!.domain - domain;
  const fits = (losses: Measured): boolean => lost(losses) <= budget.aim;

  const tryRun = async function* (run: string, trained: Task): AsyncGenerator<RepairEvent, TrainPlan> {
    const meter = await openMeter({ ...options, task: trained });
    const replay_share = trained.data.replay!.share;
    try {
      ofBase ??= await meter.base();
      for await (const { run: _, remedy, ...rest } of cheapTrials(meter, run, fits)) {
        const trial: Trial = { remedy: run === path ? remedy : "more replay", ...rest, replay_share };
        trials.push({ ...trial, run: relative(path, run) });
        yield { event: "repair-trial", ...trial, lost: lost(trial), within: fits(trial) };
        stopIfAsked(options.signal);
      }
      return meter.trainPlan;
    } finally {
      await meter.close();
    }
  };

  const trainPlan = yield* tryRun(path, task);
  const worth = WORTH_KEEPING * gained(trials[0]!);
  for (let n = 0, { share } = task.data.replay!; n < RETRAININGS && share < MOST_REPLAY; n++) {
    if (trials.some((trial) => fits(trial) && gained(trial) >= worth)) break;
    share = Math.round(50 * (share + MOST_REPLAY)) / 100;
    const more: Task = { ...task, data: { ...task.data, replay: { ...task.data.replay!, share } } };
    const run = join(path, "repair", `replay-${share}`);
    const { resume: _, ...rest } = options;
    yield* trainRun({ ...rest, ...placeOf(run), task: more });
    yield* tryRun(run, more);
  }

  const useful = trials.filter((trial) => fits(trial) && gained(trial) > 0);
  const [best] = useful.sort((a, b) => gained(b) - gained(a));
  const chosen = best === undefined ? 0 : trials.indexOf(best);
  const { run, ...end } = trials[chosen]!;
  const parameters = parametersOf({ ...end, run: join(path, run) }, trainPlan.layout);
  writeAdapter(runFolder(path).adapter, task, base, trainPlan.layout, parameters);
  const record: RepairRecord = {
    format_version: 1,
    ...budget,
    general_rows: trainPlan.data.general!.rows,
    base: ofBase!,
    trials,
    chosen,
    outcome: fits(trials[0]!) ? "within budget" : best === undefined ? "not repaired" : "repaired",
  };
  writeFileAtomic(repairFile(path), jsonText(record));
  yield { event: "repair-end", run: path, ...record };
}

/** Options that resume a part of a run if it was begun, else make it. */
export const placeOf = (path: string): Pick<TrainOptions, "resume" | "folder"> =>
  existsSync(runFolder(path).config) ? { resume: path } : { folder: path };

function stopIfAsked(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new LorafitError("interrupted", "stopped between two trials", {
    hint: "the trained run is kept; resume it with --resume",
  });
}

/** repair.json of a run, or undefined. */
export const readRepair = (run: string): RepairRecord | undefined =>
  existsSync(repairFile(run)) ? readJson<RepairRecord>(repairFile(run), { hint: "train again" }) : undefined;
