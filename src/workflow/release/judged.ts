import { readFileSync } from "node:fs";
import { LorafitError } from "../../errors.ts";
import { readLedger } from "../../evaluate/looks/ledger.ts";
import { jsonText } from "../../formats/json.ts";
import { lockFile, lockSha256, type TaskLock } from "../../task/lock.ts";
import { decideRun } from "../gate-run.ts";
import { verifyLock } from "../lock-task.ts";
import { type Run, verdictFile } from "../run.ts";
import { judgedChanges } from "./artefact.ts";

/**
 * Compares a run with its verdict: every hashed file, the lock with the ledger's head, the recorded scores, and the verdict by deciding
 * again. `sign` and `release` refuse a run that differs; an override does not change that.
 * @returns differences, a line each
 */
export async function differencesFromJudged(run: Run): Promise<string[]> {
  const { verdict, project } = run;
  const found = judgedChanges(run).map((line) => `not as it was judged: ${line}`);
  try {
    const lock = verifyLock(project);
    if (lockSha256(lock) !== verdict.lock_sha256)
      found.push("task.lock is not the one that the verdict was given under: run `lorafit gate` again");
    if (readFileSync(lockFile(run.task), "utf8") !== lockText(run, lock))
      found.push("task.lock is not as lorafit writes it: run `lorafit lock` again");
    const same = async (): Promise<boolean> =>
      readFileSync(verdictFile(run.path), "utf8") === jsonText(await decideRun(run));
    if (found.length === 0 && !(await same()))
      found.push("verdict.json is not what the answers give: run `lorafit gate` again");
  } catch (error) {
    if (!LorafitError.is(error)) throw error;
    found.push(error.message);
  }
  return found;
}

/** Content of task.lock with the present head of the ledger. */
export function lockText({ task }: Run, lock: TaskLock): string {
  const entries = readLedger(task);
  const last = entries.at(-1);
  return jsonText(
    last === undefined ? lock : { ...lock, ledger: { entries: entries.length, head: last.sha256 } },
  );
}
