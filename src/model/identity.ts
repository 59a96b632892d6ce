import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { LorafitError } from "../errors.ts";
import { sha256File, writeFileAtomic } from "../formats/files.ts";
import { sha256 } from "../formats/hash.ts";
import type { ModelConfig } from "./config.ts";

/** Smaller files are hashed each time. Bytes. */
const WORTH_REMEMBERING = 1 << 25;

/** Hash that identifies a base: over its config and every byte of its weight files. */
export function baseSha256(config: ModelConfig, files: readonly string[], cacheDir: string): string {
  const hash = createHash("sha256").update(JSON.stringify(config));
  for (const file of files) hash.update(rememberedSha256(file, cacheDir));
  return hash.digest("hex");
}

/** SHA-256 of a file. For a large file it is kept under `cacheDir` until the file's size, times or inode change. */
function rememberedSha256(path: string, cacheDir: string): string {
  const { size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
  if (size < WORTH_REMEMBERING) return sha256File(path);
  const place = resolve(path);
  const seen = [place, size, mtimeNs, ctimeNs, ino].join(" ");
  const note = join(cacheDir, "hashes", `${sha256(place)}.txt`);
  const [known, noted] = readNote(note);
  if (known === seen && noted !== undefined && /^[0-9a-f]{64}$/.test(noted)) return noted;
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
