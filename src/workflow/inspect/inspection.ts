import { LorafitError } from "../../errors.ts";
import type { TensorInfo } from "../../model/weights.ts";

/** Result of inspecting a file or a folder. */
export interface Inspection {
  /** Kind of the content, such as "release", "GGUF model" or "training rows". */
  readonly kind: string;
  /** True if training can start from it: as base, as rows, or as a run to resume. */
  readonly trainable: boolean;
  /** Its use, or the reason why it cannot be trained. */
  readonly use: string;
  /** Properties by name. */
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>;
  /** True for a data file without a single usable row. */
  readonly unusable?: boolean;
  /** Differences from release.json, a line each; for a release only. */
  readonly damaged?: readonly string[];
}

export const unknown = (path: string): LorafitError =>
  new LorafitError("data", `${path}: is nothing that lorafit knows`, {
    hint: "known are models, adapters, exports, runs, checkpoints, releases, tasks, and rows in JSONL or CSV",
  });

export const elements = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/** Number of tensors by storage type, such as "F32 12, Q4_1 60". */
export function storages(tensors: readonly Pick<TensorInfo, "storage">[]): string {
  const counts = new Map<string, number>();
  for (const { storage } of tensors) counts.set(storage, (counts.get(storage) ?? 0) + 1);
  return [...counts].map(([storage, count]) => `${storage} ${count}`).join(", ");
}
