import { existsSync, statSync } from "node:fs";
import { type AnswerProgress, answerCases } from "../evaluate/answer.ts";
import { openExported } from "../export/session.ts";
import { type Evaluated, type Exporting, eventsOf } from "./events.ts";
import { exportForJudging, exportTimes, isExportedRun } from "./export-run.ts";
import { verifyLock } from "./lock-task.ts";
import { answersFile, exportFolder, type Run } from "./run.ts";

/** True if every locked case was answered by the exports that are there now. */
export function answersAreCurrent(run: Run): boolean {
  const file = answersFile(run.path);
  if (!existsSync(file)) return false;
  const answered = statSync(file).mtimeMs;
  if (exportTimes(run.path).some((time) => time > answered)) return false;
  const hashes = new Map(run.answers.map((answer) => [answer.id, answer.hash]));
  const { cases } = run.project;
  return cases.length === hashes.size && cases.every(({ id, hash }) => hashes.get(id) === hash);
}

/** Both exports answer the locked cases; leaves answers.jsonl. Exports first where that is missing. */
export async function* evaluateRun(run: Run): AsyncGenerator<Exporting | AnswerProgress | Evaluated, void> {
  const { project, path, task } = run;
  const { cases, signal } = project;
  verifyLock(project);
  if (!isExportedRun(run)) yield* exportForJudging(run);
  const threads = { threads: task.train.threads };
  const base = await openExported(exportFolder(path, "base"), threads);
  const tuned = await openExported(exportFolder(path, "tuned"), threads);
  try {
    run.answers = yield* eventsOf((onProgress) =>
      answerCases({ base, tuned, cases, task, onProgress, ...(signal && { signal }) }),
    );
  } finally {
    await base.close();
    await tuned.close();
  }
  yield { event: "evaluated", run: path, cases: cases.length };
}
