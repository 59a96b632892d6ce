import { existsSync } from "node:fs";
import { join } from "node:path";
import { type RunRecord, runFolder } from "../train/run-folder.ts";
import { repairFile } from "./repair/repair.ts";

/** A further adapter of a run: the same training with another seed. */
export interface SeedPart {
  readonly seed: number;
  readonly path: string;
}

const settingOf = (record: RunRecord, key: string): unknown => record.settings[key]?.value;

/** Seed of the adapter that ships. */
export const seedOf = (record: RunRecord): number => Number(settingOf(record, "seed"));

/** Folders of the further seeds of a run, without its own, which ships. */
export function seedParts(path: string, record: RunRecord): SeedPart[] {
  const count = Number(settingOf(record, "train.seeds") ?? 1);
  return Array.from({ length: count - 1 }, (_, i) => {
    const seed = seedOf(record) + 1 + i;
    return { seed, path: join(path, "seeds", String(seed)) };
  });
}

/** Parts that a run still lacks, in words; empty when it has ended. */
export function missingParts(path: string, record: RunRecord): string[] {
  const budget = settingOf(record, "train.within_budget") === true;
  const lacks = (part: string): string | undefined =>
    !existsSync(runFolder(part).adapter)
      ? "is not trained"
      : budget && !existsSync(repairFile(part))
        ? "is not held against its budget"
        : undefined;
  return [
    { name: "the adapter", path },
    ...seedParts(path, record).map((part) => ({ name: `seed ${part.seed}`, ...part })),
  ].flatMap(({ name, path }) => {
    const what = lacks(path);
    return what === undefined ? [] : `${name} ${what}`;
  });
}
