import { lstatSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { LorafitError } from "../../../errors.ts";
import { makeFolder } from "../../../formats/files.ts";

const PARTIAL = ".partial-";

/**
 * Creates an empty folder beside `path`, to be renamed to it when it is complete. Its name is new each time, because a program that
 * outlived an earlier run may still write to the old one.
 */
export function partialFolder(path: string): string {
  return mkdtempSync(`${path}${PARTIAL}`);
}

/** Makes the folder and removes leftovers of killed runs. */
export function openFolder(folder: string): void {
  makeFolder(folder);
  for (const name of readdirSync(folder)) {
    if (name.includes(PARTIAL)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Bytes of all files below; 0 without such a folder. A file that disappears meanwhile does not count. */
export function folderSize(folder: string): number {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true }) as string[];
  } catch {
    return 0;
  }
  return names.reduce((sum, name) => {
    const stat = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (stat?.isFile() ? stat.size : 0);
  }, 0);
}

/** @throws environment error when the disk of this folder has less than `bytes` free */
export function requireSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  const gigabytes = (value: number): string => (value / 1e9).toFixed(1);
  throw new LorafitError(
    "environment",
    `${folder}: not enough space: ${gigabytes(bytes)} GB needed, ${gigabytes(bavail * bsize)} GB free`,
    { hint: "free some space, or set LORAFIT_HOME to a folder on another disk" },
  );
}
