import { statSync } from "node:fs";
import { LorafitError } from "../../errors.ts";
import { inspectFile } from "./file.ts";
import { inspectFolder } from "./folder.ts";
import type { Inspection } from "./inspection.ts";

/**
 * Identifies a file or a folder. Nothing in it is run: only parsers that check lengths and offsets first read it.
 * @param cacheDir folder for remembered hashes of large files
 * @throws data error for a damaged or unknown file; usage error when there is nothing at the path
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
