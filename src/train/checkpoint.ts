import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { HostTensor, Tensors } from "../engines/engine.ts";
import { makeFolder, writeFileAtomic, writing } from "../formats/files.ts";
import { jsonText, readJson } from "../formats/json.ts";
import { openSafetensors, readBytes, writeSafetensors } from "../formats/safetensors.ts";
import { progressSchema } from "./progress.ts";

/** Engine, device and threads of a run; a bit-exact resume needs all of them unchanged. */
export const machineSchema = z.strictObject({
  engine: z.string(),
  version: z.string(),
  device: z.string(),
  threads: z.int().min(0),
  /** cpuIdentity() where the engine computes on the CPU; empty where its results do not depend on it. */
  cpu: z.string().default("not recorded"),
});
export type Machine = z.output<typeof machineSchema>;

const stateSchema = z.strictObject({
  format_version: z.literal(1),
  progress: progressSchema,
  /** Batches, dropout masks and initial factors are functions of the seed and the progress. */
  seed: z.int().min(0),
  hashes: z.strictObject({ base: z.string(), data: z.string(), config: z.string() }),
  machine: machineSchema,
});

/** state.json of a checkpoint. */
export type CheckpointState = z.output<typeof stateSchema>;

export interface Checkpoint {
  readonly path: string;
  readonly state: CheckpointState;
  /** parameters, moment1, moment2 [P], in the engine's own precision. */
  readonly tensors: Tensors;
}

/** Engine state that a checkpoint holds; the gradient sum is zero at a step boundary. */
export const CHECKPOINT_TENSORS = ["parameters", "moment1", "moment2"];

const folderOf = (checkpoints: string, step: number): string => join(checkpoints, `step-${step}`);

/**
 * Writes checkpoints/step-N as a whole or not at all (temporary name, fsync, rename), then removes all others but the one
 * before it and the best one's, unless `keepAll`.
 * @returns path of the checkpoint
 */
export function writeCheckpoint(
  checkpoints: string,
  state: CheckpointState,
  tensors: Tensors,
  options: { readonly keepAll?: boolean } = {},
): string {
  const { step, best } = state.progress;
  const path = folderOf(checkpoints, step);
  const temporary = `${path}.${process.pid}.tmp`;
  const write = (): void => {
    makeFolder(temporary);
    writeSafetensors(join(temporary, "state.safetensors"), tensors);
    writeFileAtomic(join(temporary, "state.json"), jsonText(state));
    syncFolder(temporary);
    discard(path);
    renameSync(temporary, path);
    syncFolder(checkpoints);
  };
  try {
    writing(path, write, "check free space and permission; the run resumes at its last checkpoint");
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  if (options.keepAll) return path;
  const [newest, before] = stepsOf(checkpoints);
  for (const old of stepsOf(checkpoints)) {
    if (![newest, before, best?.step].includes(old)) discard(folderOf(checkpoints, old));
  }
  return path;
}

/** Newest checkpoint of a run, or undefined. Removes the leftovers of an interrupted write. */
export function newestCheckpoint(checkpoints: string): Checkpoint | undefined {
  for (const name of list(checkpoints)) {
    if (name.endsWith(".tmp")) rmSync(join(checkpoints, name), { recursive: true, force: true });
  }
  const [newest] = stepsOf(checkpoints);
  return newest === undefined ? undefined : readCheckpoint(checkpoints, newest);
}

/** Checkpoint of one step. @throws as readCheckpointAt */
export const readCheckpoint = (checkpoints: string, step: number): Checkpoint =>
  readCheckpointAt(folderOf(checkpoints, step));

/** State of the newest checkpoint, without its tensors; undefined when there is none. @throws data error when it is damaged */
export function newestState(checkpoints: string): CheckpointState | undefined {
  const [newest] = stepsOf(checkpoints);
  return newest === undefined ? undefined : readState(folderOf(checkpoints, newest));
}

const readState = (path: string): CheckpointState =>
  readJson(join(path, "state.json"), {
    schema: stateSchema,
    hint: "remove this checkpoint's folder to resume from the one before it",
  });

/** Reads a checkpoint folder. @throws data error when it is damaged */
export function readCheckpointAt(path: string): Checkpoint {
  const state = readState(path);
  const file = openSafetensors(join(path, "state.safetensors"));
  const tensors = Object.fromEntries(
    CHECKPOINT_TENSORS.map((name): [string, HostTensor] => {
      const { bytes, dtype, shape } = readBytes(file, name);
      const data = dtype === "F64" ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
      return [name, { shape, data }];
    }),
  );
  return { path, state, tensors };
}

/** Steps with a checkpoint, newest first. */
export function stepsOf(checkpoints: string): number[] {
  return list(checkpoints)
    .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Removes a checkpoint; renamed first, so that a folder with a checkpoint's name is always complete. */
function discard(path: string): void {
  const doomed = `${path}.${process.pid}.old.tmp`;
  try {
    renameSync(path, doomed);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  rmSync(doomed, { recursive: true, force: true });
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
