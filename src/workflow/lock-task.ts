import { existsSync } from "node:fs";
import { LorafitError, listMistakes } from "../errors.ts";
import { scriptFiles } from "../evaluate/answer.ts";
import { readCases } from "../evaluate/cases.ts";
import { loadScripts } from "../evaluate/checks/script.ts";
import { type AmendmentEntry, appendToLedger, holdingLedger, readLedger } from "../evaluate/ledger.ts";
import { levelOf, lookAt } from "../evaluate/looks.ts";
import { type PowerNote, powerNotes } from "../evaluate/power.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import {
  lockChanges,
  lockFile,
  lockSha256,
  makeLock,
  readLock,
  type TaskLock,
  writeLock,
} from "../task/lock.ts";
import { lockIdentity } from "./judge-run.ts";

export interface Locked {
  readonly lock: TaskLock;
  readonly cases: number;
  /** What was moved after a look, a line each; it stands in the ledger with its reason. */
  readonly amended: readonly string[];
  readonly power: readonly PowerNote[];
}

/**
 * Freezes the task: writes task.lock. Once a result has been seen the goalposts move only with a reason, which the ledger
 * keeps and every later verdict names.
 * @throws mismatch error that names every change when results were seen and no reason is given
 */
export async function lockTask(task: Task, base: WeightSource, reason?: string): Promise<Locked> {
  const cases = readCases(task);
  await loadScripts(task.folder, scriptFiles(cases));
  const identity = lockIdentity(base);
  const frozen = holdingLedger(task, () => {
    const lock = makeLock(task, identity);
    const amended = changesSinceLook(task, lock);
    if (amended.length > 0) amend(task, lock, amended, reason);
    writeLock(task, identity);
    return { lock, amended };
  });
  return { ...frozen, cases: cases.length, power: taskPower(task) };
}

function amend(task: Task, lock: TaskLock, changes: string[], reason: string | undefined): void {
  if (reason === undefined) {
    throw new LorafitError("mismatch", `the goalposts would move after a look:\n${listMistakes(changes)}`, {
      hint: "put these back, or say why with `lorafit lock --reason TEXT`: every later verdict will show it",
    });
  }
  appendToLedger<AmendmentEntry>(task, {
    kind: "amendment",
    lock_sha256: lockSha256(lock),
    reason,
    changes,
    looks: readLedger(task).filter(({ kind }) => kind === "look").length,
  });
}

/** In what a lock differs from the one that the last entry of the ledger names; nothing before the first look. */
function changesSinceLook(task: Task, now: TaskLock): string[] {
  const last = readLedger(task).at(-1)?.lock_sha256;
  if (last === undefined || last === lockSha256(now)) return [];
  const before = existsSync(lockFile(task)) ? readLock(task) : undefined;
  if (before !== undefined && lockSha256(before) === last) return lockChanges(before, now);
  return [
    "task.lock is not the one that was last looked with, so what moved cannot be told in full",
    ...(before === undefined ? [] : lockChanges(before, now)),
  ];
}

/** What the task's cases can show at the level of the next look. */
export function taskPower(task: Task): PowerNote[] {
  const cases = readCases(task);
  const hashes: Record<string, string[]> = {};
  for (const { pack, hash } of cases) hashes[pack] = [...(hashes[pack] ?? []), hash];
  const looks = lookAt(readLedger(task), hashes);
  return powerNotes(task.success, cases, (criterion) => levelOf(looks[criterion.cases]!.look));
}
