import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readRows } from "../data/rows.ts";
import { detectDrift, inconclusive, type Log, tooFew } from "../drift/detect.ts";
import { type DueAnswer, decideDue, policyChanges } from "../drift/due.ts";
import { takeDriftLook } from "../drift/looks.ts";
import { readQueries } from "../drift/queries.ts";
import {
  type DriftReference,
  hasReference,
  makeReference,
  readReference,
  writeReference,
} from "../drift/reference.ts";
import { type DriftResult, driftSchema } from "../drift/result.ts";
import { trainingSpace } from "../drift/space.ts";
import { LorafitError } from "../errors.ts";
import { makeFolder, sha256File, writeFileAtomic } from "../formats/files.ts";
import { jsonText, readJson } from "../formats/json.ts";
import { kindOf } from "../kinds/index.ts";
import type { Task } from "../task/load.ts";
import { type PolicyRule, parsePolicy } from "../task/policy.ts";
import { findRun, runFolder } from "../train/run-folder.ts";
import type { Run } from "./run.ts";

const readPolicy = (file: string): PolicyRule[] => parsePolicy(readFileSync(file, "utf8"), file);

/**
 * Drift reference for later queries, made from the training files; undefined when the task names none.
 * @throws data error for rows or queries that cannot be used
 */
export function driftReference(task: Task, files: readonly string[]): DriftReference | undefined {
  if (task.paths.reference === undefined) return undefined;
  const { group, personal } = task.data;
  const queries = readQueries(task.paths.reference, personal);
  const rows = readRows(kindOf(task).rows, files, { groupKey: group });
  return makeReference(trainingSpace(rows, readPolicy(task.paths.policy), personal), queries, personal);
}

/** Keeps the policy and the drift reference with a finished run, for `drift` and `due`. @returns bytes of the reference */
export function keepForLater(run: string, task: Task, reference: DriftReference | undefined): number {
  const folder = runFolder(run);
  writeFileAtomic(folder.policy, readFileSync(task.paths.policy));
  return reference === undefined ? 0 : writeReference(folder.drift, reference);
}

const resultFile = (folder: string): string => join(folder, "drift.json");

/** Path of a folder that holds a drift reference, such as a release, else of a run. @throws as findRun */
export function driftFolder(path: string): string {
  return hasReference(runFolder(path).drift) ? resolve(path) : findRun(path);
}

/** Compares a log with the reference of a run, or of a release, at `path`; leaves drift.json and the ledger of looks in `out`. */
export function driftOf(path: string, file: string, out = path): DriftResult {
  const reference = readReference(runFolder(path).drift);
  const queries = readQueries(file, reference.personal);
  const log: Log = { file, sha256: sha256File(file), queries };
  makeFolder(out);
  const few = tooFew(reference, log);
  const result =
    few === null
      ? detectDrift(reference, log, takeDriftLook(join(out, "drift-looks.jsonl"), reference.made, log.sha256))
      : inconclusive(reference, log, few);
  writeFileAtomic(resultFile(out), jsonText(result));
  return result;
}

/** drift.json of a folder; null when nothing was compared yet. @throws data error when it is damaged */
export function readDrift(folder: string): DriftResult | null {
  const file = resultFile(folder);
  if (!existsSync(file)) return null;
  return readJson(file, { schema: driftSchema, hint: "compare again with `lorafit drift RUN NEW.jsonl`" });
}

const DAY = 24 * 60 * 60 * 1000;

/** Decides whether a run should be trained again, by new queries from `file` or by the last comparison. */
export function dueOf({ path, record, task }: Run, file: string | undefined): DueAnswer {
  const folder = runFolder(path);
  if (!existsSync(folder.policy)) {
    throw new LorafitError("usage", `${folder.policy}: the run has not kept the policy of its time`, {
      hint: "train again with this version of lorafit",
    });
  }
  const changes = policyChanges(readPolicy(folder.policy), readPolicy(task.paths.policy));
  const given = file === undefined ? undefined : readQueries(file, task.data.personal).length;
  const comparable = (given ?? 0) >= task.retrain.min_new_queries && hasReference(folder.drift);
  const drift = file !== undefined && comparable ? driftOf(path, file) : readDrift(path);
  return decideDue({
    retrain: task.retrain,
    ageDays: (Date.now() - Date.parse(record.created)) / DAY,
    policyChanges: changes,
    newQueries: given ?? drift?.log.queries ?? null,
    drift,
  });
}
