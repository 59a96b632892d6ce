import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { LorafitError } from "../errors.ts";
import { writing } from "./files.ts";

const PAUSE_MS = 20;

/**
 * Does something to a file that only one process may do at a time. FILE.lock, which can be made once only, names the process that is
 * at work; another waits, and takes over from one that is gone.
 * @param patience milliseconds until it gives up
 * @throws environment error when it is not let in, or the lock cannot be made; what `work` throws
 */
export function exclusively<T>(path: string, work: () => T, patience = 10_000): T {
  const lock = `${path}.lock`;
  for (const began = performance.now(); !made(lock); ) {
    if (performance.now() - began > patience) {
      throw new LorafitError("environment", `${lock}: another process (${ownerOf(lock)}) does not finish`, {
        hint: "wait for it, or remove this file if no lorafit is running",
      });
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    // One takes over at a time: another's lock, made meanwhile, must not go with it.
    if (isGone(ownerOf(lock))) exclusively(lock, () => isGone(ownerOf(lock)) && rmSync(lock));
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

const owner = (pid: number | string): string => `process ${pid} on ${hostname()}`;

function made(lock: string): boolean {
  return writing(lock, () => {
    try {
      writeFileSync(lock, owner(process.pid), { flag: "wx" });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  });
}

/** Empty while it is being made, or when it has gone meanwhile. */
function ownerOf(lock: string): string {
  try {
    return readFileSync(lock, "utf8");
  } catch {
    return "";
  }
}

/** True if a process of this machine has ended; false for a process of another machine, which cannot be asked. */
function isGone(named: string): boolean {
  const pid = /^process (\d+) /.exec(named)?.[1];
  return pid !== undefined && named === owner(pid) && !isAlive(Number(pid));
}

/** True if a process of this machine runs, another user's included. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
