import { existsSync } from "node:fs";
import { LorafitError } from "../errors.ts";
import type { Task } from "../task/load.ts";
import type { TrainEvent } from "../train/events.ts";
import { type TrainOptions, trainRun } from "../train/run.ts";
import { readRun } from "../train/run-folder.ts";
import { budgetOf, placeOf, type RepairEvent, repairFile, repairRun } from "./repair.ts";
import { seedParts } from "./run-parts.ts";

export interface SeedStart {
  readonly event: "seed-start";
  readonly seed: number;
  /** From 1 on; the first ships. */
  readonly number: number;
  readonly of: number;
}

/**
 * Trains the task's run with everything that its settings ask for: the adapter that ships, held against its budget, then the
 * other seeds in seeds/ within the run. With `resume` it goes on with what is missing.
 * @throws as trainRun, and usage error when the task has no budget to train within
 */
export async function* trainTask(
  options: TrainOptions,
): AsyncGenerator<TrainEvent | SeedStart | RepairEvent, void> {
  const { task } = options;
  if (task.train.within_budget) budgetOf(task);
  if (task.seed + task.train.seeds > 2 ** 32)
    throw new LorafitError("usage", "seed: there are no further seeds above it", {
      hint: "use a smaller one",
    });
  let path = options.resume;
  for await (const event of trainPart(options)) {
    if (event.event === "run-start") path ??= event.run;
    yield event;
  }
  const parts = seedParts(path!, readRun(path!));
  for (const [index, part] of parts.entries()) {
    yield { event: "seed-start", seed: part.seed, number: index + 2, of: parts.length + 1 };
    const { resume: _, ...rest } = options;
    yield* trainPart({ ...rest, ...placeOf(part.path), task: taskOfSeed(task, part.seed) });
  }
}

const taskOfSeed = (task: Task, seed: number): Task => ({
  ...task,
  seed,
  train: { ...task.train, seeds: 1 },
});

/** One adapter, and its repair when it is to stay within a budget. What has ended is left alone. */
async function* trainPart(options: TrainOptions): AsyncGenerator<TrainEvent | RepairEvent, void> {
  const { within_budget: budget } = options.task.train;
  if (budget && options.resume !== undefined && existsSync(repairFile(options.resume))) return;
  let path = "";
  for await (const event of trainRun(options)) {
    if (event.event === "run-start") path = event.run;
    yield event;
  }
  if (budget) yield* repairRun(path, options);
}
