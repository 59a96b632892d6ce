import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { type AnswerRow, readAnswers, writeAnswers } from "../evaluate/answers/answer-row.ts";
import type { Verdict } from "../evaluate/gate.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { jsonText, readJson } from "../formats/json.ts";
import { loadTask, type Task } from "../task/load.ts";
import { type RunRecord, readRun } from "../train/run-folder.ts";
import { Project, type ProjectOptions } from "./project.ts";
import { missingParts, seedParts } from "./run-parts.ts";

/** Folder of the ONNX export that is judged. */
export const exportFolder = (run: string, side: "base" | "tuned"): string =>
  join(run, "export", "onnx", side);
export const answersFile = (run: string): string => join(run, "answers.jsonl");
export const verdictFile = (run: string): string => join(run, "verdict.json");

const shape = z.looseObject({
  verdict: z.enum(["pass", "fail", "inconclusive"]),
  artifact_sha256: z.string(),
  lock_sha256: z.string(),
  ledger_sha256: z.string(),
  criteria: z.array(z.unknown()),
});
/** The gate writes verdict.json; of its content the part that other verbs rely on is checked. */
const verdictSchema = {
  parse(value: unknown): Verdict {
    shape.parse(value);
    return value as Verdict;
  },
};

/** A trained run of a project, with the answers and the verdict that it has by now; each file is read once. */
export class Run {
  readonly project: Project;
  readonly path: string;
  readonly record: RunRecord;
  /** The same training with further seeds: judged, never shipped. */
  readonly seeds: readonly Run[];
  #answers: readonly AnswerRow[] | undefined;
  #verdict: Verdict | undefined;

  constructor(project: Project, path: string) {
    this.project = project;
    this.path = path;
    this.record = readRun(path);
    this.seeds = seedParts(path, this.record).map((part) => new Run(project, part.path));
  }

  get task(): Task {
    return this.project.task;
  }

  /** Rows of answers.jsonl. @throws usage error before `eval`; data error for damaged lines */
  get answers(): readonly AnswerRow[] {
    this.#answers ??= readAnswers(answersFile(this.path));
    return this.#answers;
  }

  set answers(rows: readonly AnswerRow[]) {
    writeAnswers(answersFile(this.path), rows);
    this.#answers = rows;
  }

  /** Content of verdict.json. @throws usage error before `gate`; data error when it is damaged */
  get verdict(): Verdict {
    this.#verdict ??= readVerdict(this.path);
    return this.#verdict;
  }

  set verdict(verdict: Verdict) {
    writeFileAtomic(verdictFile(this.path), jsonText(verdict));
    this.#verdict = verdict;
  }
}

/** verdict.json of a run. @throws usage error before `gate`; data error when it is damaged */
export const readVerdict = (path: string): Verdict =>
  readJson(verdictFile(path), {
    schema: verdictSchema,
    hint: `run \`lorafit gate ${path}\` again`,
    absent: () =>
      new LorafitError("usage", `${path}: there is no verdict yet`, {
        hint: `run \`lorafit gate ${path}\` first`,
      }),
  });

/**
 * Opens the finished run at `path` with its task: the folder that holds runs/, else the folder in the record.
 * @throws usage error for a run that has not ended
 */
export function openRun(path: string, options: ProjectOptions = {}): Run {
  const record = readRun(path);
  const missing = missingParts(path, record);
  if (missing.length > 0) {
    throw new LorafitError("usage", `${path}: the run has not ended yet: ${missing.join(", ")}`, {
      hint: `resume it with \`lorafit train --resume ${path}\``,
    });
  }
  const beside = join(dirname(dirname(path)), "task.yaml");
  return new Run(new Project(loadTask(existsSync(beside) ? beside : record.task.file), options), path);
}
