import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type CurateSummary, curate } from "../data/curate/curate.ts";
import type { Accept } from "../data/curate/finding.ts";
import { readPolicy } from "../data/curate/policy/policy.ts";
import { sha256File } from "../formats/files.ts";
import { kindOf } from "../kinds/index.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { loadTokenizer } from "../tokens/tokenizer.ts";
import { sequenceLength } from "../train/prepare.ts";
import type { RunRecord } from "../train/run-folder.ts";

/**
 * Curates a task's own training files; writes its results beside task.yaml.
 * @param base the task's base, whose tokenizer finds rows that are too long; without it that check is skipped
 */
export async function curateTask(
  task: Task,
  accept: Accept,
  base: WeightSource | undefined,
): Promise<CurateSummary> {
  const tokens = base && {
    tokenizer: await loadTokenizer(base.tokenizerFiles()),
    maxLength: sequenceLength(task.train.sequence_length, base.config),
  };
  return curate({
    format: kindOf(task).rows,
    files: task.paths.train,
    cases: Object.values(task.paths.cases),
    review: task.paths.review,
    accept,
    groupKey: task.data.group,
    personal: task.data.personal,
    policy: readPolicy(task.paths.policy),
    published: readFileSync(task.paths.policy, "utf8"),
    scope: { inScope: task.in_scope, outOfScope: task.out_of_scope },
    tokens,
    out: task.folder,
  });
}

/**
 * Files to train on: the clean set if it is not older than transcripts, cases and decisions; else the raw files, with a warning.
 */
export function trainingFiles(task: Task): { readonly files: readonly string[]; readonly warning?: string } {
  const clean = join(task.folder, "train.clean.jsonl");
  if (!existsSync(clean))
    return {
      files: task.paths.train,
      warning: "the transcripts are not curated: `lorafit curate` finds what is wrong with them",
    };
  const { train, review, cases } = task.paths;
  const made = statSync(clean).mtimeMs;
  const queue = join(task.folder, "review.jsonl");
  const inputs = [...train, ...(review === undefined ? [] : [review]), queue, ...Object.values(cases)];
  const newer = inputs.find((file) => existsSync(file) && statSync(file).mtimeMs > made);
  if (newer === undefined) return { files: [clean] };
  return {
    files: task.paths.train,
    warning: `${newer} is newer than the clean set: trained on the raw files; run \`lorafit curate\` again`,
  };
}

/** Path of curation.json of the rows that a run was trained on; undefined for raw rows, or after a later curation. */
export function usedCuration(run: { readonly record: RunRecord; readonly task: Task }): string | undefined {
  const { folder } = run.task;
  const clean = run.record.data.files.find(({ file }) => file === "train.clean.jsonl");
  if (clean === undefined) return undefined;
  const [file, rows] = [join(folder, "curation.json"), join(folder, clean.file)];
  return [file, rows].every((path) => existsSync(path)) && sha256File(rows) === clean.sha256
    ? file
    : undefined;
}
