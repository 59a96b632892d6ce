import { createHash } from "node:crypto";
import { copyFileSync, existsSync, linkSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LorafitError } from "../errors.ts";
import { makeFolder, sha256File } from "../formats/files.ts";

/** Says what an export was made of and how it compared; its presence marks a folder as an export. */
export const REPORT_FILE = "export.json";

/**
 * Fills a temporary folder beside `out` and renames it to `out` when `fill` has succeeded; otherwise nothing is left.
 * A former export at `out` is replaced.
 * @throws usage error when `out` is something else that a person might want to keep; environment error when it cannot be written
 */
export async function writeFolder<T>(out: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const target = resolve(out);
  refuseForeign(target);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    inEnvironment(out, () => makeFolder(temporary));
    const result = await fill(temporary);
    inEnvironment(out, () => {
      const former = `${temporary}.former`;
      if (existsSync(target)) renameSync(target, former);
      renameSync(temporary, target);
      rmSync(former, { recursive: true, force: true });
    });
    return result;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function refuseForeign(target: string): void {
  if (!existsSync(target)) return;
  let files: string[];
  try {
    files = readdirSync(target);
  } catch (cause) {
    throw new LorafitError("usage", `${target}: not a folder that can be read`, {
      hint: "name another --out",
      cause,
    });
  }
  if (files.length > 0 && !files.includes(REPORT_FILE)) {
    throw new LorafitError("usage", `${target}: not empty, and not a former export`, {
      hint: "name another --out, or empty it",
    });
  }
}

/** Failures of the file system as environment errors that name `path`. */
export function inEnvironment<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (LorafitError.is(cause)) throw cause;
    throw new LorafitError("environment", `${path}: cannot be written: ${(cause as Error).message}`, {
      hint: "check free space and permission",
      cause,
    });
  }
}

/** A second name for a file: a hard link where the file system has them, else a copy. */
export function secondName(from: string, to: string): void {
  makeFolder(dirname(to));
  try {
    linkSync(from, to);
  } catch {
    inEnvironment(to, () => copyFileSync(from, to));
  }
}

/** SHA-256 over the names and contents of all files in the folder except the report, in order of name. */
export function artifactSha256(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => name !== REPORT_FILE)
    .sort();
  const whole = createHash("sha256");
  // A graph with two names is read once.
  const known = new Map<string, string>();
  for (const name of files) {
    const path = join(folder, name);
    const { dev, ino } = statSync(path, { bigint: true });
    const digest = known.get(`${dev}:${ino}`) ?? sha256File(path);
    known.set(`${dev}:${ino}`, digest);
    whole.update(`${digest}  ${name.replaceAll("\\", "/")}\n`);
  }
  return whole.digest("hex");
}
