import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { taskFinders } from "../data/curate/private/private.ts";
import { LorafitError, listMistakes } from "../errors.ts";
import { wrongScores } from "../evaluate/answers/rescore.ts";
import { seedResult } from "../evaluate/decision/seeds.ts";
import { type GateInput, gate, type Verdict } from "../evaluate/gate.ts";
import { holdingLedger } from "../evaluate/looks/ledger.ts";
import { askedByPack, takeLook } from "../evaluate/looks/looks.ts";
import { dataPreconditions } from "../evaluate/preconditions/data-preconditions.ts";
import { artifactSha256 } from "../export/folder.ts";
import { licenceOf } from "../model/catalog.ts";
import type { Judged } from "./events.ts";
import { verifyLock } from "./lock-task.ts";
import { filesToJudge } from "./release/artefact.ts";
import { answersFile, exportFolder, type Run } from "./run.ts";
import { seedOf } from "./run-parts.ts";
import { trainedRows } from "./trained-rows.ts";

/**
 * Decides on the answers after writing the look to the ledger. The same answers give the same verdict.
 * @throws mismatch error, before the look is taken, when the lock, the files of the artefact or the recorded scores are not sound
 */
export async function decideRun(run: Run): Promise<Verdict> {
  const { project, task, path } = run;
  // A case or a script that has changed is reported as such, not as the scores that it changes.
  verifyLock(project);
  for (const { path } of [run, ...run.seeds]) checkAnswered(path);
  const judged = filesToJudge(run);
  const answered = await answersOf(run);
  const others = await Promise.all(
    run.seeds.map(async (other) => ({ other, answered: await answersOf(other) })),
  );
  const { lock, look } = holdingLedger(task, () => {
    const lock = verifyLock(project);
    return { lock, look: takeLook(task, lock, askedByPack(project.cases), answered.artifactSha256) };
  });
  const trained = trainedRows(run);
  const common = {
    task,
    lock,
    cases: project.cases,
    look,
    trained,
    dataPreconditions: dataPreconditions(trained, taskFinders(task)),
    policy: readFileSync(task.paths.policy, "utf8"),
    baseLicence: licenceOf({ name: run.record.base.name, path: project.base.path }) ?? null,
    ...judged,
  };
  const seeds = others.map(({ other, answered }) => {
    const { criteria } = gate({ ...common, ...answered });
    return seedResult(seedOf(other.record), relative(path, other.path), criteria);
  });
  return gate({
    ...common,
    ...answered,
    ...(seeds.length > 0 && { seeds: { own: seedOf(run.record), others: seeds } }),
  });
}

/** Decides as decideRun and keeps the verdict as verdict.json. */
export async function* gateRun(run: Run): AsyncGenerator<Judged, void> {
  run.verdict = await decideRun(run);
  yield { event: "judged", run: run.path, verdict: run.verdict };
}

function checkAnswered(path: string): void {
  if (existsSync(answersFile(path))) return;
  throw new LorafitError("usage", `${path}: no case was answered yet`, {
    hint: `run \`lorafit eval\` first`,
  });
}

/** Answers of a run, after its recorded scores were checked. */
async function answersOf(run: Run): Promise<Pick<GateInput, "answers" | "artifactSha256">> {
  const { path, task, project } = run;
  const wrong = await wrongScores(task, project.cases, run.answers);
  if (wrong.length > 0) {
    const file = answersFile(path);
    throw new LorafitError(
      "mismatch",
      `${file}: these scores are not what the answers give:\n${listMistakes(wrong)}`,
      { hint: "run `lorafit eval` again" },
    );
  }
  return { answers: run.answers, artifactSha256: artifactSha256(exportFolder(path, "tuned")) };
}
