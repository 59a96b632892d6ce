import { join } from "node:path";
import * as z from "zod";
import type { Verdict } from "../../evaluate/gate.ts";
import { artifactSha256, fileHashes, folderContents } from "../../export/folder.ts";
import { readJson } from "../../formats/json.ts";
import { fileChanges, MODEL } from "./artefact.ts";
import { RELEASE_FILE } from "./record.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** The part of release.json that is read again. */
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
type ReleaseRecord = z.output<typeof releaseSchema>;

const hint = "fetch the release again";

/**
 * Hashes every file of a release and compares: each file that has changed, is missing, was added or is a link, by name. Then compares
 * release.json with verdict.json. Names in release.json are compared with those in the folder and never opened.
 * @throws data error when release.json itself is damaged
 */
export function verifyRelease(folder: string): {
  readonly release: ReleaseRecord;
  readonly damaged: readonly string[];
} {
  const release = readJson(join(folder, RELEASE_FILE), { schema: releaseSchema, hint });
  const { [RELEASE_FILE]: _, ...now } = fileHashes(folder);
  const listed = Object.fromEntries(
    Object.entries(release.files).map(([name, { sha256 }]) => [name, sha256]),
  );
  const damaged = [...folderContents(folder).problems, ...fileChanges(listed, now)];
  return { release, damaged: damaged.length > 0 ? damaged.sort() : contradictions(folder, release) };
}

/** Statements of release.json that contradict the files beside it. */
function contradictions(folder: string, release: ReleaseRecord): string[] {
  const { verdict, files } = readJson<Verdict>(join(folder, "verdict.json"), { hint });
  const judged = Object.entries(files).filter(([name, hash]) => release.files[name]?.sha256 !== hash);
  return [
    ...judged.map(([name]) => `${RELEASE_FILE}: names another ${name} than verdict.json`),
    ...(verdict === release.verdict ? [] : [`${RELEASE_FILE}: names another verdict than verdict.json`]),
    ...(artifactSha256(join(folder, MODEL)) === release.artifact_sha256
      ? []
      : [`${RELEASE_FILE}: names another artefact than ${MODEL}/`]),
  ];
}
