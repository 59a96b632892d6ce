import { existsSync } from "node:fs";
import { selectEngine } from "../engines/select.ts";
import { LorafitError } from "../errors.ts";
import { packageVersion } from "../package.ts";
import type { Task } from "../task/load.ts";
import type { TrainEvent } from "../train/events.ts";
import { dataIdentity } from "../train/prepare.ts";
import { recordChanges } from "../train/resume.ts";
import { runIdentity, type TrainOptions, trainRun } from "../train/run.ts";
import { listRuns, readRun } from "../train/run-folder.ts";
import { trainingFiles } from "./curate-task.ts";
import { driftReference, keepForLater } from "./drift-run.ts";
import type { DriftReferenceKept, SeedStart } from "./events.ts";
import { isLocked, verifyLock } from "./lock-task.ts";
import type { Project } from "./project.ts";
import { budgetOf, placeOf, type RepairEvent, repairFile, repairRun } from "./repair/repair.ts";
import { missingParts, seedParts } from "./run-parts.ts";

type Event = TrainEvent | SeedStart | RepairEvent | DriftReferenceKept;

export interface TrainTaskOptions {
  /** Engine by name; by default that of the resumed run, else auto. */
  readonly engine?: string | undefined;
  /** Path of the run to resume. */
  readonly resume?: string | undefined;
}

/**
 * Trains the task's run: the adapter that ships, repaired when it exceeds its budget, then the other seeds in seeds/ within the
 * run. With `resume` it does the missing parts. Keeps policy and drift reference for later.
 * @returns path of the run
 * @throws as trainRun and verifyLock; usage error when the task has no budget to train within
 */
export async function* trainTask(
  project: Project,
  { engine: name, resume }: TrainTaskOptions = {},
): AsyncGenerator<Event, string> {
  const { task } = project;
  if (task.train.within_budget) budgetOf(task);
  if (task.seed + task.train.seeds > 2 ** 32)
    throw new LorafitError("usage", "seed: there are no further seeds above it", {
      hint: "use a smaller one",
    });
  const options = await trainOptions(
    project,
    task,
    name ?? (resume === undefined ? "auto" : readRun(resume).engine),
  );
  if (isLocked(project)) verifyLock(project);
  const { files, warning } = trainingFiles(task);
  if (warning !== undefined) yield { event: "warning", message: warning };
  const reference = driftReference(task, files);
  const path = yield* trainPart({ ...options, ...(resume !== undefined && { resume }) });
  const parts = seedParts(path, readRun(path));
  for (const [index, part] of parts.entries()) {
    yield { event: "seed-start", seed: part.seed, number: index + 2, of: parts.length + 1 };
    yield* trainPart({ ...options, ...placeOf(part.path), task: taskOfSeed(task, part.seed) });
  }
  const bytes = keepForLater(path, task, reference);
  if (reference !== undefined) yield { event: "drift-reference", queries: reference.queries, bytes };
  return path;
}

/**
 * Options of a training on the project's base and the task's training files.
 * @param task the project's, or with other settings
 * @param engine name, or auto
 */
export async function trainOptions(
  { base, signal }: Project,
  task: Task,
  engine: string,
): Promise<TrainOptions & { readonly files: readonly string[] }> {
  const selected = await selectEngine(engine, task.train.precision);
  return {
    task,
    base,
    files: trainingFiles(task).files,
    engine: selected.engine,
    engineVersion: selected.version,
    version: packageVersion(),
    ...(signal !== undefined && { signal }),
  };
}

const taskOfSeed = (task: Task, seed: number): Task => ({
  ...task,
  seed,
  train: { ...task.train, seeds: 1 },
});

/** Trains one adapter, and repairs it when it has to stay within a budget; skips finished work. @returns path of its run */
async function* trainPart(options: TrainOptions): AsyncGenerator<TrainEvent | RepairEvent, string> {
  const { within_budget: budget } = options.task.train;
  const { resume } = options;
  if (budget && resume !== undefined && existsSync(repairFile(resume))) return resume;
  const path = yield* trainRun(options);
  if (budget) yield* repairRun(path, options);
  return path;
}

/** The task's newest run, if its base, data and settings are those of a run that would start now. */
export function matchingRun({
  task,
  base,
}: Project): { readonly path: string; readonly finished: boolean } | undefined {
  const path = listRuns(task.folder).at(-1);
  if (path === undefined) return undefined;
  const record = readRun(path);
  const now = runIdentity(task, base, dataIdentity(task, trainingFiles(task).files));
  if (recordChanges(record, now).length > 0) return undefined;
  return { path, finished: missingParts(path, record).length === 0 };
}
