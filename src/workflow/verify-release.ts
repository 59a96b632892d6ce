import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import * as z from "zod";
import { artifactSha256 } from "../export/folder.ts";
import { sha256File } from "../formats/files.ts";
import { readJson } from "../formats/json.ts";
import { RELEASE_FILE } from "./release.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** As far as release.json is read again. */
const releaseSchema = z.looseObject({
  format_version: z.literal(1),
  task: z.string(),
  run: z.string(),
  released: z.string(),
  verdict: z.enum(["pass", "fail", "inconclusive"]),
  override: z.looseObject({ reason: z.string() }).nullable(),
  base: z.looseObject({ name: z.string(), licence: z.string().nullable() }),
  artifact_sha256: hash,
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256: hash })),
});

/**
 * Hashes every file of a release and compares: what has changed, is missing, or was added, each by name. Names in
 * release.json are compared with those in the folder and never opened.
 * @throws data error when release.json itself is damaged
 */
export function verifyRelease(folder: string): {
  readonly release: z.output<typeof releaseSchema>;
  readonly damaged: readonly string[];
} {
  const list = join(folder, RELEASE_FILE);
  const release = readJson(list, { schema: releaseSchema, hint: "fetch the release again" });
  const expected = new Map(Object.entries(release.files));
  const damaged: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).replaceAll("\\", "/");
    if (entry.isDirectory() || name === RELEASE_FILE) continue;
    const known = expected.get(name);
    expected.delete(name);
    if (known === undefined) damaged.push(`${name}: is not part of the release`);
    else if (!entry.isFile()) damaged.push(`${name}: is not a file`);
    else if (sha256File(path) !== known.sha256) damaged.push(`${name}: has changed`);
  }
  for (const name of expected.keys()) damaged.push(`${name}: is missing`);
  const model = join(folder, "model");
  if (damaged.length === 0 && (!existsSync(model) || artifactSha256(model) !== release.artifact_sha256))
    damaged.push(`${RELEASE_FILE}: names another artefact than model/`);
  return { release, damaged: damaged.sort() };
}
