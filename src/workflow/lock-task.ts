import { existsSync } from "node:fs";
import { embedderFor } from "../encoder/task-embedder.ts";
import { LorafitError, listMistakes } from "../errors.ts";
import { scriptFiles } from "../evaluate/answers/answer.ts";
import { SCORER_VERSION } from "../evaluate/cases/scorers.ts";
import { loadScripts } from "../evaluate/checks/script.ts";
import { type PowerNote, powerNotes } from "../evaluate/decision/power.ts";
import { lockWarnings } from "../evaluate/lock-warnings.ts";
import { type AmendmentEntry, appendToLedger, holdingLedger, readLedger } from "../evaluate/looks/ledger.ts";
import { askedByPack, checkNamedLooks, levelOf, lookAt, type NamedLook } from "../evaluate/looks/looks.ts";
import type { Task } from "../task/load.ts";
import {
  checkLock,
  keepLedgerHead,
  type LockIdentity,
  lockChanges,
  lockFile,
  lockSha256,
  makeLock,
  readLock,
  type TaskLock,
  writeLock,
} from "../task/lock.ts";
import { listRuns } from "../train/run-folder.ts";
import type { Locked, Power } from "./events.ts";
import type { Project } from "./project.ts";
import { readVerdict, verdictFile } from "./run.ts";

const lockIdentity = ({ base, home }: Project): LockIdentity => ({
  baseSha256: base.sha256,
  scorer: SCORER_VERSION,
  embedder: embedderFor(home).name,
});

export const isLocked = ({ task }: Project): boolean => existsSync(lockFile(task));

/**
 * Reads the lock and compares it with the task and with the ledger. Training takes hours, so each stage verifies again.
 * @throws as readLock, checkLock and readLedger do; mismatch error for a lock that was moved past the ledger
 */
export function verifyLock(project: Project): TaskLock {
  const { task } = project;
  const lock = readLock(task);
  checkLock(task, lock, lockIdentity(project));
  const ledger = readLedger(task);
  checkNamedLooks(ledger, namedLooks(task));
  const last = ledger.at(-1);
  if (last !== undefined && last.lock_sha256 !== lockSha256(lock)) {
    throw new LorafitError("mismatch", `${lockFile(task)}: is not the lock that was last looked with`, {
      hint: "restore it, or state why it changed with `lorafit lock --reason TEXT`",
    });
  }
  return lock;
}

/**
 * Freezes the task in task.lock. After the first look a change needs a reason, which the ledger keeps and every
 * later verdict names.
 * @throws mismatch error that names every change when results were seen and no reason is given
 */
export async function* lockProject(project: Project, reason?: string): AsyncGenerator<Locked, void> {
  const { task, cases } = project;
  await loadScripts(task.folder, scriptFiles(cases));
  const identity = lockIdentity(project);
  const { lock, amended } = holdingLedger(task, () => {
    checkNamedLooks(readLedger(task), namedLooks(task));
    const lock = makeLock(task, identity);
    const amended = changesSinceLook(task, lock);
    if (amended.length > 0) amend(task, lock, amended, reason);
    const ledger = readLedger(task);
    writeLock(task, identity);
    const head = ledger.at(-1)?.sha256;
    if (head !== undefined) keepLedgerHead(task, { entries: ledger.length, head });
    return { lock, amended };
  });
  yield {
    event: "locked",
    file: lockFile(task),
    sha256: lockSha256(lock),
    cases: cases.length,
    criteria: task.success.length,
    amended,
    power: taskPower(project),
    warnings: lockWarnings(task.success, cases),
  };
}

function amend(task: Task, lock: TaskLock, changes: string[], reason: string | undefined): void {
  if (reason === undefined) {
    throw new LorafitError("mismatch", `the lock would change after a look:\n${listMistakes(changes)}`, {
      hint: "put these back, or state why with `lorafit lock --reason TEXT`: every later verdict will show it",
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

/** Differences between a lock and the lock of the ledger's last entry; none before the first look. */
function changesSinceLook(task: Task, now: TaskLock): string[] {
  const last = readLedger(task).at(-1)?.lock_sha256;
  if (last === undefined || last === lockSha256(now)) return [];
  const before = existsSync(lockFile(task)) ? readLock(task) : undefined;
  if (before !== undefined && lockSha256(before) === last) return lockChanges(before, now);
  return [
    "task.lock is not the one that was last looked with, so the list of changes is incomplete",
    ...(before === undefined ? [] : lockChanges(before, now)),
  ];
}

/** Ledger entries that the verdicts of the task's runs name. */
const namedLooks = (task: Task): NamedLook[] =>
  listRuns(task.folder)
    .filter((path) => existsSync(verdictFile(path)))
    .map((path) => ({ where: path, sha256: readVerdict(path).ledger_sha256 }));

/** Reports taskPower. */
export async function* showPower(project: Project): AsyncGenerator<Power, void> {
  yield { event: "power", power: taskPower(project) };
}

/** Power of the task's cases at the level of the next look. */
export function taskPower({ task, cases }: Project): PowerNote[] {
  const looks = lookAt(readLedger(task), askedByPack(cases));
  return powerNotes(task.success, cases, (criterion) => levelOf(looks[criterion.cases]!.look));
}
