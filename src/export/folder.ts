import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { LorafitError } from "../errors.ts";
import { makeFolder, sha256File, writing } from "../formats/files.ts";

/** Origin and comparison of an export. A folder with this file is an export. */
export const REPORT_FILE = "export.json";

/**
 * Fills a temporary folder beside `out`, syncs it, and renames it to `out` if `fill` succeeded; otherwise nothing is left. A
 * former export at `out` is replaced, unless `keepFormer`. Temporary folders of killed processes are removed.
 * @throws usage error if `out` has other content; environment error if it cannot be written
 */
export async function writeFolder<T>(
  out: string,
  fill: (folder: string) => Promise<T>,
  options: { readonly keepFormer?: boolean } = {},
): Promise<T> {
  const target = resolve(out);
  refuseForeign(target, options.keepFormer ?? false);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    writing(out, () => {
      removeLeftovers(target);
      makeFolder(temporary);
    });
    const result = await fill(temporary);
    writing(out, () => {
      for (const file of filesIn(temporary)) sync(join(temporary, file));
      const former = `${temporary}.former`;
      if (existsSync(target)) renameSync(target, former);
      renameSync(temporary, target);
      sync(dirname(target));
      rmSync(former, { recursive: true, force: true });
    });
    return result;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function refuseForeign(target: string, keepFormer: boolean): void {
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
  if (files.length === 0 || (files.includes(REPORT_FILE) && !keepFormer)) return;
  throw new LorafitError("usage", `${target}: not empty${keepFormer ? "" : ", and not a former export"}`, {
    hint: "name another --out, or empty it",
  });
}

/** Temporary folders of `target` whose process has ended. */
function removeLeftovers(target: string): void {
  const parent = dirname(target);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(`${basename(target)}.`) && /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Sorted paths of all files under a folder, relative to it, with "/" as separator. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Gives a file a second name: a hard link where the file system has them, else a copy. */
export function secondName(from: string, to: string): void {
  makeFolder(dirname(to));
  try {
    linkSync(from, to);
  } catch {
    writing(to, () => copyFileSync(from, to));
  }
}

/** SHA-256 over the names and contents of all files in the folder except the report, sorted by name. */
export function artifactSha256(folder: string): string {
  const files = filesIn(folder).filter((name) => name !== REPORT_FILE);
  const whole = createHash("sha256");
  // Hard links of one file are read once.
  const known = new Map<string, string>();
  for (const name of files) {
    const path = join(folder, name);
    const { dev, ino } = statSync(path, { bigint: true });
    const digest = known.get(`${dev}:${ino}`) ?? sha256File(path);
    known.set(`${dev}:${ino}`, digest);
    whole.update(`${digest}  ${name}\n`);
  }
  return whole.digest("hex");
}
