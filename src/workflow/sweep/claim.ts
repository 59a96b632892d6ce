import { closeSync, openSync, renameSync, rmSync, statSync, utimesSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { isAlive } from "../../formats/exclusive.ts";
import { writing } from "../../formats/files.ts";
import { readJson } from "../../formats/json.ts";

/** Owner of a claim file. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** ISO time. */
  readonly since: string;
}

const HEARTBEAT_MS = 20_000;
/** Age of the last heartbeat after which a process of another machine counts as dead. */
const DEAD_MS = 10 * HEARTBEAT_MS;

export interface Claim {
  release(): void;
}

/**
 * Claims a part of a sweep by creating a file exclusively, which network file systems do atomically. The claim of a dead process is taken
 * over: one of this machine whose pid is gone, or one of another machine without a heartbeat.
 * @returns the claim, or the owner that holds it
 * @throws environment error when the folder cannot be written
 */
export function claim(path: string): Claim | Owner {
  if (!create(path)) {
    const owner = ownerOf(path);
    if (owner !== undefined && alive(path, owner)) return owner;
    // Of several processes that see the same dead claim, one succeeds in renaming it.
    const removed = `${path}.${hostname()}.${process.pid}.dead`;
    try {
      renameSync(path, removed);
      rmSync(removed, { force: true });
    } catch {
      return ownerOf(path) ?? { host: "another process", pid: 0, since: "" };
    }
    if (!create(path)) return ownerOf(path) ?? { host: "another process", pid: 0, since: "" };
  }
  const beat = setInterval(() => touch(path), HEARTBEAT_MS);
  beat.unref();
  return {
    release() {
      clearInterval(beat);
      rmSync(path, { force: true });
    },
  };
}

export const isOwner = (result: Claim | Owner): result is Owner => "host" in result;

function create(path: string): boolean {
  const owner: Owner = { host: hostname(), pid: process.pid, since: new Date().toISOString() };
  return writing(path, () => {
    try {
      const file = openSync(path, "wx");
      writeSync(file, JSON.stringify(owner));
      closeSync(file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  });
}

/** Owner of a claim; undefined where it has just been released or is being written. */
function ownerOf(path: string): Owner | undefined {
  try {
    return readJson<Owner>(path, { hint: "" });
  } catch {
    return undefined;
  }
}

function alive(path: string, { host, pid }: Owner): boolean {
  if (host === hostname()) return isAlive(pid);
  return Date.now() - statSync(path).mtimeMs < DEAD_MS;
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The file was deleted: the part is trained twice, with the same result.
  }
}
