import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { artifactOf, fileHashes, folderContents } from "../../export/folder.ts";
import { jsonText, readJson } from "../../formats/json.ts";
import { lockSha256, readLock } from "../../task/lock.ts";
import { readRun } from "../../train/run-folder.ts";
import { fileChanges, MODEL } from "./artefact.ts";
import { banner } from "./model-card.ts";
import { RELEASE_FILE, type Release, releaseSchema, sealOf } from "./record.ts";
import { notAPass } from "./release.ts";
import { missingSignOffs, readSignOffs, SIGN_OFFS_FILE, standingsOf } from "./sign.ts";

/** Files of a release beside release.json and those that verdict.json lists. */
const WRITTEN = ["README.md", "report.html", "verdict.json", "task.lock", SIGN_OFFS_FILE];

/** The part of verdict.json that release.json repeats. */
const verdictSchema = z.looseObject({
  task: z.string(),
  verdict: z.enum(["pass", "fail", "inconclusive"]),
  base_sha256: z.string(),
  base_licence: z.string().nullable(),
  artifact_sha256: z.string(),
  lock_sha256: z.string(),
  files: z.record(z.string(), z.string()),
});

const hint = "fetch the release again";

/**
 * Hashes every file of a release and compares: each file that has changed, is missing, was added or is a link, by name. Then compares
 * every statement of release.json with the file that it is about. Names in release.json are compared with those in the folder and never
 * opened.
 * @throws data error when release.json itself is damaged
 */
export function verifyRelease(folder: string): {
  readonly release: Release;
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

/** Statements of release.json that contradict the files beside it, and files that no release has. */
function contradictions(folder: string, release: Release): string[] {
  const verdict = readJson(join(folder, "verdict.json"), { schema: verdictSchema, hint });
  const { files: judged, verdict: outcome, artifact_sha256, base_sha256, base_licence } = verdict;
  const verdict_sha256 = release.files["verdict.json"]!.sha256;
  const signOffs = standingsOf(readSignOffs(folder), { verdict_sha256, artifact_sha256, changed: false });
  const run = readRun(folder);
  const model = Object.fromEntries(
    Object.entries(release.files)
      .filter(([name]) => name.startsWith(`${MODEL}/`))
      .map(([name, { sha256 }]) => [name.slice(MODEL.length + 1), sha256]),
  );
  const refusals = [...notAPass(outcome), ...missingSignOffs(signOffs)];
  const expected: Record<string, [stated: unknown, found: unknown, source: string]> = {
    task: [release.task, verdict.task, "verdict.json"],
    run: [release.run, run.id, "config.json"],
    verdict: [release.verdict, outcome, "verdict.json"],
    base: [release.base, { name: run.base.name, sha256: base_sha256, licence: base_licence }, "verdict.json"],
    artefact: [release.artifact_sha256, artifactOf(model), `${MODEL}/`],
    "hash of the verdict": [release.verdict_sha256, verdict_sha256, "verdict.json"],
    "hash of the lock": [release.lock_sha256, lockSha256(readLock({ folder })), "task.lock"],
    "hash of the judged lock": [release.lock_sha256, verdict.lock_sha256, "verdict.json"],
    "list of sign-offs": [release.sign_offs, signOffs, SIGN_OFFS_FILE],
    "list of refusals": [release.override?.refusals ?? [], refusals, `verdict.json and ${SIGN_OFFS_FILE}`],
  };
  const { seal, ...content } = release;
  const allowed = new Set([...WRITTEN, ...Object.keys(judged)]);
  return [
    ...(seal === sealOf(content) && readFileSync(join(folder, RELEASE_FILE), "utf8") === jsonText(release)
      ? []
      : [`${RELEASE_FILE}: was changed after the release`]),
    ...Object.entries(judged)
      .filter(([name, hash]) => release.files[name]?.sha256 !== hash)
      .map(([name]) => `${RELEASE_FILE}: names another ${name} than verdict.json`),
    ...Object.keys(release.files)
      .filter((name) => !allowed.has(name))
      .map((name) => `${name}: is no file of a release`),
    ...Object.entries(release.files)
      .filter(([name, { bytes }]) => statSync(join(folder, name)).size !== bytes)
      .map(([name]) => `${RELEASE_FILE}: names another size of ${name}`),
    ...Object.entries(expected)
      .filter(([, [stated, found]]) => jsonText(stated) !== jsonText(found))
      .map(([what, [, , source]]) => `${RELEASE_FILE}: names another ${what} than ${source}`),
    ...(readFileSync(join(folder, "README.md"), "utf8").includes(`\n\n${banner(release).source}\n\n`)
      ? []
      : ["README.md: does not begin as release.json says"]),
  ];
}
