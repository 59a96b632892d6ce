import { LorafitError, listMistakes } from "../errors.ts";
import { sha256 } from "../formats/hash.ts";
import { type Checkpoint, type Machine, newestCheckpoint } from "./checkpoint.ts";
import { type RunIdentity, type RunRecord, readRun, runFolder } from "./run-folder.ts";

/** Settings that do not change the result: a base is identified by its hash, not by its path. */
const IMMATERIAL = new Set(["train.threads", "base"]);

/** SHA-256 over the seed and every setting that changes the result. */
export function configHash(record: RunRecord): string {
  const settings = Object.entries(record.settings)
    .filter(([key]) => !IMMATERIAL.has(key))
    .map(([key, { value }]) => [key, value]);
  return sha256(JSON.stringify(settings.sort()));
}

export interface Resumed {
  /** Undefined when the run was stopped before its first checkpoint. */
  readonly checkpoint: Checkpoint | undefined;
  /** Reasons why the result may differ in its last bits from that of an uninterrupted run. */
  readonly warnings: readonly string[];
}

/**
 * Checkpoint from which a run resumes.
 * @param now identity of a run that would be started now
 * @throws mismatch error that names every change of base, data and settings
 */
export function resumeRun(path: string, now: RunIdentity, machine: Machine): Resumed {
  const record = readRun(path);
  const checkpoint = newestCheckpoint(runFolder(path).checkpoints);
  const changes = [
    ...recordChanges(record, now),
    ...(checkpoint === undefined ? [] : stateChanges(record, checkpoint)),
  ];
  if (changes.length > 0) {
    throw new LorafitError("mismatch", `${path}: cannot be resumed:\n${listMistakes(changes)}`, {
      hint: "put these back, or start a new run",
    });
  }
  return {
    checkpoint,
    warnings: checkpoint === undefined ? [] : machineChanges(checkpoint.state.machine, machine),
  };
}

/** Differences in base, data and settings between a run and what would be trained now, a line each. */
export function recordChanges(record: RunRecord, now: RunIdentity): string[] {
  const changes: string[] = [];
  if (record.base.sha256 !== now.base.sha256) {
    changes.push(
      `base: trained on ${record.base.name} ${record.base.sha256.slice(0, 12)}, now ${now.base.name} ${now.base.sha256.slice(0, 12)}`,
    );
  }
  const files = new Map(now.data.files.map(({ file, sha256 }) => [file, sha256]));
  for (const { file, sha256 } of record.data.files) {
    if (files.get(file) !== sha256)
      changes.push(`data: ${file} ${files.has(file) ? "has changed" : "is no longer used"}`);
    files.delete(file);
  }
  for (const file of files.keys()) changes.push(`data: ${file} is new`);
  if (record.data.sha256 !== now.data.sha256 && !changes.some((line) => line.startsWith("data:"))) {
    changes.push("data: group, validation or replay have changed");
  }
  const keys = new Set([...Object.keys(record.settings), ...Object.keys(now.settings)]);
  for (const key of keys) {
    const [before, after] = [record.settings[key]?.value, now.settings[key]?.value];
    if (!IMMATERIAL.has(key) && JSON.stringify(before) !== JSON.stringify(after)) {
      changes.push(`${key}: was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`);
    }
  }
  return changes;
}

/** Differences between a checkpoint and the record of its run, a line each. */
function stateChanges(record: RunRecord, { path, state }: Checkpoint): string[] {
  const expected = { base: record.base.sha256, data: record.data.sha256, config: configHash(record) };
  return (Object.keys(expected) as (keyof typeof expected)[])
    .filter((key) => state.hashes[key] !== expected[key])
    .map((key) => `${path}: was written with another ${key}`);
}

function machineChanges(before: Machine, now: Machine): string[] {
  return (Object.keys(now) as (keyof Machine)[])
    .filter((key) => before[key] !== now[key] && !(key === "cpu" && now.cpu === ""))
    .map((key) => `${key} was ${before[key]}, is ${now[key]}: the result may differ in its last bits`);
}

/** The --set assignments that the run was started with. */
export function assignmentsOf(record: RunRecord): string[] {
  return Object.entries(record.settings)
    .filter(([, { origin }]) => origin === "--set")
    .map(([key, { value }]) => `${key}=${JSON.stringify(value)}`);
}
