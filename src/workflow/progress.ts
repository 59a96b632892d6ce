import { existsSync, statSync } from "node:fs";
import { LorafitError } from "../errors.ts";
import { readAnswers } from "../evaluate/answer-row.ts";
import { readCases } from "../evaluate/cases.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { planRun } from "../train/plan.ts";
import { recordChanges } from "../train/resume.ts";
import { recordOf } from "../train/run.ts";
import { findRun, readRun } from "../train/run-folder.ts";
import { trainingFiles } from "./curate-task.ts";
import { answersFile, exportTimes, type TrainedRun } from "./judge-run.ts";
import { missingParts } from "./run-parts.ts";

/** The task's newest run, when it trains what would be trained now: same base, data and settings. */
export async function matchingRun(
  task: Task,
  base: WeightSource,
): Promise<{ readonly path: string; readonly finished: boolean } | undefined> {
  let path: string;
  try {
    path = findRun(task.folder);
  } catch (error) {
    if (LorafitError.is(error) && error.kind === "usage") return undefined;
    throw error;
  }
  const record = readRun(path);
  const { data } = await planRun(task, base, { files: trainingFiles(task).files });
  const now = recordOf({ task, base, engineName: record.engine, version: record.lorafit }, data);
  if (recordChanges(record, now).length > 0) return undefined;
  return { path, finished: missingParts(path, record).length === 0 };
}

/** Whether every locked case was answered by the exports that lie there now. */
export function answersAreCurrent(run: TrainedRun): boolean {
  const file = answersFile(run.path);
  if (!existsSync(file)) return false;
  const answered = statSync(file).mtimeMs;
  if (exportTimes(run.path).some((time) => time > answered)) return false;
  const hashes = new Map(readAnswers(file).map((answer) => [answer.id, answer.hash]));
  const cases = readCases(run.task);
  return cases.length === hashes.size && cases.every(({ id, hash }) => hashes.get(id) === hash);
}
