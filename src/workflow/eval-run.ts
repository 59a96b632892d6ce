import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TrainingRow } from "../data/row-format.ts";
import { embedderFor } from "../encoder/task-embedder.ts";
import { type AnswerEvent, answerCases } from "../evaluate/answers/answer.ts";
import { groundedCases } from "../evaluate/answers/grounded.ts";
import { lookupIn } from "../evaluate/answers/lookup.ts";
import type { EvaluatedModel } from "../evaluate/answers/model.ts";
import { tfidfIn } from "../evaluate/answers/tfidf.ts";
import type { Case } from "../evaluate/cases/case.ts";
import { contestantsAnswered } from "../evaluate/cases/select.ts";
import { holdingLedger } from "../evaluate/looks/ledger.ts";
import { askedByPack, takeLook } from "../evaluate/looks/looks.ts";
import { openClassifier } from "../export/classifier.ts";
import { artifactSha256 } from "../export/folder.ts";
import { openExported } from "../export/session.ts";
import { GROUNDING_FILE, openGrounding } from "../grounding/grounding-index.ts";
import { kindOf } from "../kinds/index.ts";
import { parsePolicy } from "../task/policy.ts";
import { CONTESTANTS_OF } from "../task/schema.ts";
import type { RunWarning } from "../train/events.ts";
import { type Evaluated, type Exporting, eventsOf } from "./events.ts";
import { exportForJudging, exportTimes, isExportedRun } from "./export-run.ts";
import { verifyLock } from "./lock-task.ts";
import { answersFile, exportFolder, type Run } from "./run.ts";
import { trainedRows } from "./trained-rows.ts";

/** True if every locked case was answered by the exports that are there now, and by the contestants that criteria name. */
export function answersAreCurrent(run: Run): boolean {
  const file = answersFile(run.path);
  if (!existsSync(file)) return false;
  const answered = statSync(file).mtimeMs;
  if (exportTimes(run.path).some((time) => time > answered)) return false;
  const index = statSync(join(run.path, GROUNDING_FILE), { throwIfNoEntry: false });
  if (index !== undefined && index.mtimeMs > answered) return false;
  const answers = new Map(run.answers.map((answer) => [answer.id, answer]));
  const { cases } = run.project;
  return (
    cases.length === answers.size &&
    cases.every(({ id, hash }) => answers.get(id)?.hash === hash) &&
    contestantsAnswered(
      run.task.success,
      cases,
      (id, contestant) => answers.get(id)?.contestants?.[contestant] !== undefined,
    )
  );
}

/** The run's cases as they are served: with passages in their prompts, in a task with grounding. */
function groundedFor(
  { project: { cases }, path, task }: Run,
  base: EvaluatedModel,
): { cases: readonly Case[]; warning?: string } {
  if (task.data.grounding === undefined) return { cases };
  const index = openGrounding(path);
  const grounded = groundedCases(base, cases, index, task.decoding);
  if (grounded.dropped === 0) return { cases: grounded.cases };
  const warning = `${grounded.dropped} cases have fewer than ${index.settings.top} passages, to fit the base's context`;
  return { cases: grounded.cases, warning };
}

/**
 * Both exports and the contestants answer the locked cases; leaves answers.jsonl. Exports first where that is missing.
 * Reading scores is a look, so one is taken before anything is answered; `gate` of the same export is the same look.
 * @param asked `prompted`: the base with the policy in its system message answers however long that takes; `seed`: the run
 * is a further seed of another one, whose look it belongs to
 */
export async function* evaluateRun(
  run: Run,
  asked: { readonly prompted?: boolean; readonly seed?: boolean } = {},
): AsyncGenerator<Exporting | RunWarning | AnswerEvent | Evaluated, void> {
  const { project, path, task } = run;
  const { cases, signal } = project;
  verifyLock(project);
  if (!isExportedRun(run)) yield* exportForJudging(run);
  if (asked.seed !== true) {
    const tuned = artifactSha256(exportFolder(path, "tuned"));
    holdingLedger(task, () => takeLook(task, verifyLock(project), askedByPack(cases), tuned));
  }
  const rows = trainedRows(run);
  const { policy } = task.paths;
  const found = async <T>(find: (own: readonly TrainingRow[]) => T) =>
    "lost" in rows ? { reason: rows.lost } : await find(rows.own);
  const contestants = {
    finders: {
      lookup: await found((own) => lookupIn(own, cases, task, embedderFor(project.home))),
      ...(CONTESTANTS_OF[task.kind].includes("tfidf") && { tfidf: await found((own) => tfidfIn(own, task)) }),
    },
    prompted: {
      policy: parsePolicy(readFileSync(policy, "utf8"), policy),
      asked: asked.prompted ?? false,
    },
  };
  const threads = { threads: task.train.threads };
  const open = kindOf(task).head === undefined ? openExported : openClassifier;
  const base = await open(exportFolder(path, "base"), threads);
  const tuned = await open(exportFolder(path, "tuned"), threads);
  try {
    const asked = groundedFor(run, base);
    if (asked.warning !== undefined) yield { event: "warning", message: asked.warning };
    run.answers = yield* eventsOf((onEvent) =>
      answerCases({
        base,
        tuned,
        cases: asked.cases,
        task,
        ...contestants,
        onEvent,
        ...(signal && { signal }),
      }),
    );
  } finally {
    await base.close();
    await tuned.close();
  }
  yield { event: "evaluated", run: path, cases: cases.length };
}
