import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { LorafitError } from "../errors.ts";
import { isAlive } from "../formats/exclusive.ts";
import { makeFolder, sha256File, writing } from "../formats/files.ts";
import { sha256 } from "../formats/hash.ts";

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

/** Names of all regular files in a folder and those below, with "/" between their parts, sorted. */
const filesIn = (folder: string): string[] => folderContents(folder).files;

/**
 * Names of the regular files in a folder and those below, and a line for each entry through which the folder could be changed
 * from outside: symbolic links, hard links to files elsewhere (where the file system counts them), and anything that is no file, empty
 * folders included.
 */
export function folderContents(folder: string): { files: string[]; problems: string[] } {
  const files: string[] = [];
  const problems = lstatSync(folder).isSymbolicLink() ? [`${basename(folder)}: is a symbolic link`] : [];
  const names = new Map<string, string[]>();
  const links = new Map<string, number>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).replaceAll("\\", "/");
    if (entry.isDirectory()) {
      if (readdirSync(path).length === 0) problems.push(`${name}: is an empty folder`);
      continue;
    }
    if (entry.isSymbolicLink()) problems.push(`${name}: is a symbolic link`);
    else if (!entry.isFile()) problems.push(`${name}: is not a regular file`);
    else {
      const { dev, ino, nlink } = statSync(path, { bigint: true });
      const key = `${dev}:${ino}`;
      names.set(key, [...(names.get(key) ?? []), name]);
      links.set(key, Number(nlink));
      files.push(name);
    }
  }
  for (const [key, known] of names) {
    if (links.get(key)! > known.length)
      problems.push(...known.map((name) => `${name}: is a hard link to a file outside the folder`));
  }
  return { files: files.sort(), problems: problems.sort() };
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

/** SHA-256 of every regular file in a folder, by name, sorted. */
export function fileHashes(folder: string): Record<string, string> {
  // Hard links of one file are read once.
  const known = new Map<string, string>();
  return Object.fromEntries(
    filesIn(folder).map((name) => {
      const path = join(folder, name);
      const { dev, ino } = statSync(path, { bigint: true });
      const digest = known.get(`${dev}:${ino}`) ?? sha256File(path);
      known.set(`${dev}:${ino}`, digest);
      return [name, digest];
    }),
  );
}

/** SHA-256 over the names and contents of all files in the folder except the report, in order of name. */
export const artifactSha256 = (folder: string): string => artifactOf(fileHashes(folder));

/** The same from the hashes of the files. */
export const artifactOf = (files: Readonly<Record<string, string>>): string =>
  sha256(
    Object.entries(files)
      .filter(([name]) => name !== REPORT_FILE)
      .map(([name, digest]) => `${digest}  ${name}\n`)
      .join(""),
  );
