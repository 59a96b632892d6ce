import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { appendLine } from "../formats/files.ts";
import type { Task } from "../task/load.ts";
import { lockSha256, type TaskLock } from "../task/lock.ts";

/** One-sided level of all looks at the same cases together. */
const ALPHA = 0.05;

const entrySchema = z.object({
  look: z.int().min(1),
  alpha: z.number(),
  cases_sha256: z.string(),
  lock_sha256: z.string(),
  artifact_sha256: z.string(),
  at: z.string(),
});

/** A look at the locked cases: its number from 1 on, and the one-sided level that it may spend. */
export interface Look {
  look: number;
  alpha: number;
  /** True when this artefact was gated with this lock before: the same question again costs nothing. */
  again: boolean;
}

function readLooks(file: string): z.output<typeof entrySchema>[] {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const lines = content.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, index) => {
    try {
      return entrySchema.parse(JSON.parse(line));
    } catch (cause) {
      throw new LorafitError("data", `${file}:${index + 1}: the ledger of looks is damaged`, {
        hint: "restore it: it only ever grows",
        cause,
      });
    }
  });
}

/**
 * Takes a look: writes it to looks.jsonl beside the lock before anything is decided, so that nobody looks in secret.
 * Look k may spend alpha / 2^k, which sums to alpha over any number of looks. Looks count by the cases themselves, so
 * a new lock over the same cases goes on counting and fresh cases start anew. Gating the same artefact with the same
 * lock again is the same look.
 */
export function takeLook(task: Task, lock: TaskLock, artifactSha256: string): Look {
  const file = join(task.folder, "looks.jsonl");
  const hashes = Object.values(lock.cases).flatMap((pack) => Object.values(pack.cases));
  const cases = createHash("sha256").update(hashes.sort().join()).digest("hex");
  const earlier = readLooks(file).filter((entry) => entry.cases_sha256 === cases);
  const same = earlier.find(
    (entry) => entry.artifact_sha256 === artifactSha256 && entry.lock_sha256 === lockSha256(lock),
  );
  if (same !== undefined) return { look: same.look, alpha: same.alpha, again: true };
  const look = earlier.length + 1;
  const entry: z.output<typeof entrySchema> = {
    look,
    alpha: ALPHA / 2 ** look,
    cases_sha256: cases,
    lock_sha256: lockSha256(lock),
    artifact_sha256: artifactSha256,
    at: new Date().toISOString(),
  };
  appendLine(file, JSON.stringify(entry));
  return { look, alpha: entry.alpha, again: false };
}
