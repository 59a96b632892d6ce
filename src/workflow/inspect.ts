import { statSync } from "node:fs";
import { LorafitError } from "../errors.ts";
import { inspectFile } from "./inspect-file.ts";
import { inspectFolder } from "./inspect-folder.ts";

/** What a file or a folder is. */
export interface Inspection {
  /** Such as "release", "GGUF model" or "training rows". */
  readonly kind: string;
  /** Whether a training can start from it: as base, as rows, or as a run to go on with. */
  readonly trainable: boolean;
  /** How it is used, or why it cannot be trained. */
  readonly use: string;
  /** What there is to know, by name. */
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>;
  /** Files that are not as release.json says. */
  readonly damaged?: readonly string[];
}

/**
 * Says what lies at a path. Nothing in it is run or trusted: only the parsers that check lengths and offsets first read it.
 * @param cacheDir takes remembered hashes of large files
 * @throws data error for a damaged file, and for one that is nothing lorafit knows; usage error when there is nothing
 */
export async function inspect(path: string, cacheDir: string): Promise<Inspection> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return inspectFolder(path, cacheDir);
  if (stat?.isFile()) return inspectFile(path, cacheDir);
  throw new LorafitError(
    "usage",
    `${path}: ${stat === undefined ? "there is nothing here" : "is neither a file nor a folder"}`,
    {
      hint: "name a file or a folder",
    },
  );
}
