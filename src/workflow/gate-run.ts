import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { privateFinders } from "../data/curate/private.ts";
import { LorafitError } from "../errors.ts";
import { dataPreconditions } from "../evaluate/data-preconditions.ts";
import { gate, type Verdict } from "../evaluate/gate.ts";
import { holdingLedger } from "../evaluate/ledger.ts";
import { takeLook } from "../evaluate/looks.ts";
import { seedResult } from "../evaluate/seeds.ts";
import { artifactSha256 } from "../export/folder.ts";
import type { Task } from "../task/load.ts";
import { listRuns } from "../train/run-folder.ts";
import type { Judged } from "./events.ts";
import { verifyLock } from "./lock-task.ts";
import { answersFile, exportFolder, type Run, readVerdict, verdictFile } from "./run.ts";
import { seedOf } from "./run-parts.ts";
import { trainedRows } from "./trained-rows.ts";

/** Decides on the answers, after one more look at the cases is in the ledger. The same answers give the same verdict. */
export function decideRun(run: Run): Verdict {
  const { project, task, path } = run;
  const { lock, cases, own, look } = holdingLedger(task, () => {
    const lock = verifyLock(project);
    const own = answered(run);
    return {
      lock,
      cases: project.cases,
      own,
      look: takeLook(task, lock, own.artifactSha256, namedLooks(task)),
    };
  });
  const trained = trainedRows(run);
  const common = {
    task,
    lock,
    cases,
    look,
    trained,
    dataPreconditions: dataPreconditions(trained, privateFinders(task.data.personal)),
    policy: readFileSync(task.paths.policy, "utf8"),
  };
  const others = run.seeds.map((other) => {
    const { criteria } = gate({ ...common, ...answered(other) });
    return seedResult(seedOf(other.record), relative(path, other.path), criteria);
  });
  return gate({
    ...common,
    ...own,
    ...(others.length > 0 && { seeds: { own: seedOf(run.record), others } }),
  });
}

/** Decides as decideRun and keeps the verdict as verdict.json. */
export async function* gateRun(run: Run): AsyncGenerator<Judged, void> {
  run.verdict = decideRun(run);
  yield { event: "judged", run: run.path, verdict: run.verdict };
}

/** The answers of a run and the hash of the artefact that is there now. */
function answered(run: Run): { answers: Run["answers"]; artifactSha256: string } {
  if (!existsSync(answersFile(run.path))) {
    throw new LorafitError("usage", `${run.path}: no case was answered yet`, {
      hint: `run \`lorafit eval\` first`,
    });
  }
  return { answers: run.answers, artifactSha256: artifactSha256(exportFolder(run.path, "tuned")) };
}

/** The ledger's entries that the verdicts of the task's runs name. */
function namedLooks(task: Task): { where: string; sha256: string }[] {
  return listRuns(task.folder)
    .filter((path) => existsSync(verdictFile(path)))
    .map((path) => ({ where: path, sha256: readVerdict(path).ledger_sha256 }));
}
