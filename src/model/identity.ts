import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { LorafitError } from "../errors.ts";
import { sha256File, writeFileAtomic } from "../formats/files.ts";
import { sha256 } from "../formats/hash.ts";

/** Smaller files are hashed each time. Bytes. */
const WORTH_REMEMBERING = 1 << 25;

export interface IdentityOptions {
  readonly cacheDir: string;
  /** Called once when a file was not known: looks at every weight. A file is remembered only if it returns. */
  check(): void;
}

/** Hash that identifies a model: over its config and every byte of its weight files. @throws as `check` does */
export function baseSha256(config: object, files: readonly string[], options: IdentityOptions): string {
  const hash = createHash("sha256").update(JSON.stringify(config));
  let checked = false;
  const check = (): void => {
    if (!checked) options.check();
    checked = true;
  };
  for (const file of files) hash.update(rememberedSha256(file, { ...options, check }));
  return hash.digest("hex");
}

/** SHA-256 of a file. For a large file it is kept under `cacheDir` until the file's size, times or inode change. */
function rememberedSha256(path: string, { cacheDir, check }: IdentityOptions): string {
  const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
  if (size < WORTH_REMEMBERING) {
    check();
    return sha256File(path);
  }
  const place = resolve(path);
  const seen = [place, size, mtimeNs, ctimeNs, ino, "finite below 2^30"].join(" ");
  const note = join(cacheDir, "hashes", `${sha256(place)}.txt`);
  const [known, noted] = readNote(note);
  if (known === seen && noted !== undefined && /^[0-9a-f]{64}$/.test(noted)) return noted;
  check();
  const fresh = sha256File(path);
  try {
    writeFileAtomic(note, `${seen}\n${fresh}\n`);
  } catch (error) {
    // A cache that cannot be written costs time, not correctness.
    if (!LorafitError.is(error)) throw error;
  }
  return fresh;
}

function readNote(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}
