import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { makeFolder, writeFileAtomic, writing } from "../formats/files.ts";
import { jsonText, readJson } from "../formats/json.ts";
import { hash32 } from "../rng.ts";

const setting = z.strictObject({ value: z.unknown(), origin: z.string() });

const recordSchema = z.strictObject({
  format_version: z.literal(1),
  id: z.string(),
  created: z.string(),
  /** Version of lorafit that made the run. */
  lorafit: z.string(),
  task: z.strictObject({ name: z.string(), file: z.string() }),
  base: z.strictObject({ name: z.string(), sha256: z.string() }),
  data: z.strictObject({
    sha256: z.string(),
    files: z.array(z.strictObject({ file: z.string(), sha256: z.string() })),
    train_rows: z.int(),
    validation_rows: z.int(),
  }),
  engine: z.string(),
  /** `base`, `seed`, and every field of `train`, with where it was set. */
  settings: z.record(z.string(), setting),
});

/** config.json of a run: every setting, resolved, with its origin. */
export type RunRecord = z.output<typeof recordSchema>;

/** The part of the record that decides what is trained. */
export interface RunIdentity extends Pick<RunRecord, "base" | "settings"> {
  readonly data: Pick<RunRecord["data"], "sha256" | "files">;
}

/** Paths of the parts of a run. */
export interface RunFolder {
  readonly path: string;
  readonly config: string;
  readonly metrics: string;
  readonly checkpoints: string;
  /** PEFT folder of the best step; absent until the run has ended. */
  readonly adapter: string;
  /** Copy of the policy at the end of the run. */
  readonly policy: string;
  /** Drift reference for later queries; absent when the task names none. */
  readonly drift: string;
}

export function runFolder(path: string): RunFolder {
  const at = (name: string): string => join(path, name);
  return {
    path,
    config: at("config.json"),
    metrics: at("metrics.jsonl"),
    checkpoints: at("checkpoints"),
    adapter: at("adapter"),
    policy: at("policy.md"),
    drift: at("drift"),
  };
}

/** Date, time and a short hash: sorts by age, and differs for two runs of one second. */
export function newRunId(now: Date, salt: string): string {
  const time = now.toISOString().slice(0, 19).replaceAll(":", "-");
  return `${time}-${hash32(`${now.getTime()}/${process.pid}/${salt}`).toString(16).padStart(8, "0").slice(0, 6)}`;
}

/** Makes the folder of a run with its record; leaves nothing on an error. @throws environment error */
export function createRun(path: string, record: RunRecord): RunFolder {
  const folder = runFolder(path);
  try {
    writing(path, () => makeFolder(folder.checkpoints));
    writeFileAtomic(folder.config, jsonText(record));
    return folder;
  } catch (error) {
    if (existsSync(path)) rmSync(path, { recursive: true });
    throw error;
  }
}

/** Record of a run. @throws usage error when there is no run, data error when its config.json is damaged */
export function readRun(path: string): RunRecord {
  return readJson(runFolder(path).config, {
    schema: recordSchema,
    hint: "train again",
    absent: () =>
      new LorafitError("usage", `${path}: there is no run here`, { hint: "name a folder under runs/" }),
  });
}

/** Paths of the runs of a task folder, oldest first. */
export function listRuns(folder: string): string[] {
  const runs = join(folder, "runs");
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .sort()
    .map((name) => resolve(runs, name))
    .filter(isRun);
}

/**
 * Path of a run named by its directory, or by a task folder for its newest run.
 * @throws usage error when there is none
 */
export function findRun(path = "."): string {
  if (isRun(path)) return resolve(path);
  const newest = listRuns(path).at(-1);
  if (newest === undefined) {
    throw new LorafitError("usage", `${path}: neither a run nor a task that has one`, {
      hint: "train first with `lorafit train`, or name a folder under runs/",
    });
  }
  return newest;
}

/** A model's folder has a config.json too. Checkpoints of a finished run may have been deleted. */
function isRun(path: string): boolean {
  const { config, checkpoints, metrics, adapter } = runFolder(path);
  return existsSync(config) && [checkpoints, metrics, adapter].some((part) => existsSync(part));
}
