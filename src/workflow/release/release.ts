import { copyFileSync, existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { LorafitError, listMistakes } from "../../errors.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import { fileHashes, writeFolder } from "../../export/folder.ts";
import { makeFolder, sha256File, writeFileAtomic, writing } from "../../formats/files.ts";
import { jsonText } from "../../formats/json.ts";
import { packageVersion } from "../../package.ts";
import { readLock } from "../../task/lock.ts";
import { readRun } from "../../train/run-folder.ts";
import { reportText } from "../report-run.ts";
import { type Run, verdictFile } from "../run.ts";
import { fileChanges, sourceOf } from "./artefact.ts";
import { differencesFromJudged, lockText } from "./judged.ts";
import { modelCard } from "./model-card.ts";
import { RELEASE_FILE, type Release, sealOf } from "./record.ts";
import { missingSignOffs, readSignOffs, SIGN_OFFS_FILE, signOffLine, standings } from "./sign.ts";

/** Reasons to refuse a release. */
interface Refusals {
  /** Differences from what was judged. An override does not cover them, because the model card would describe another model. */
  readonly fixed: readonly string[];
  /** A verdict other than a pass, and missing sign-offs. */
  readonly overridable: readonly string[];
}

async function refusalsOf(run: Run): Promise<Refusals> {
  if (!existsSync(verdictFile(run.path)))
    return {
      fixed: ["there is no verdict: `lorafit gate` gives one"],
      overridable: missingSignOffs(standings(run)),
    };
  const fixed = await differencesFromJudged(run);
  const missing = missingSignOffs(standings(run, () => fixed.length > 0));
  return { fixed, overridable: [...notAPass(run.verdict.verdict), ...missing] };
}

/** Refusal for a verdict other than a pass. */
export const notAPass = (verdict: Verdict["verdict"]): string[] =>
  verdict === "pass" ? [] : [`the verdict is ${verdict}`];

/**
 * Writes the release folder of a run, as a whole or not at all.
 * @throws failed error that lists every refusal; usage error when `out` is in use; environment error
 */
export async function releaseRun(
  run: Run,
  options: {
    readonly out: string;
    /** Reason to release against refusals that can be overridden. */
    readonly override?: string;
  },
): Promise<Release> {
  const { out, override } = options;
  const { fixed, overridable } = await refusalsOf(run);
  const closed = override === undefined ? [...fixed, ...overridable] : fixed;
  if (closed.length > 0) {
    const lines = closed.map((reason) => reason.replaceAll("\n", "\n  "));
    const hint =
      fixed.length === 0
        ? "correct these, or put the decision on record with --override --reason TEXT"
        : "put back what has changed, or judge again with `lorafit gate` and sign again; an override is for the verdict and for sign-offs, not for files that do not belong together";
    throw new LorafitError("failed", `${run.path}: cannot be released:\n${listMistakes(lines)}`, { hint });
  }
  const forced =
    override === undefined || overridable.length === 0 ? null : { reason: override, refusals: overridable };
  return writeFolder(out, (folder) => fill(folder, run, forced), { keepFormer: true });
}

/** Copies the files that verdict.json lists, writes the others from checked data, and lists all of them in release.json. */
async function fill(folder: string, run: Run, override: Release["override"]): Promise<Release> {
  const { path, record, task, verdict } = run;
  for (const name of Object.keys(verdict.files)) copy(sourceOf(run, name), join(folder, name));
  const changes = fileChanges(verdict.files, fileHashes(folder));
  // Card and report are made of what was parsed when the run was opened.
  if (task.sha256 !== verdict.files["task.yaml"]) changes.push("task.yaml: has changed");
  if (!isDeepStrictEqual(readRun(folder), record)) changes.push("config.json: has changed");
  if (changes.length > 0)
    throw new LorafitError("mismatch", `${path}: changed while it was copied:\n${listMistakes(changes)}`);
  const add = (name: string, content: string): void => writeFileAtomic(join(folder, name), content);
  add("verdict.json", jsonText(verdict));
  add("task.lock", lockText(run, readLock(task)));
  add("report.html", await reportText(run));
  const signOffs = readSignOffs(path);
  if (signOffs.length > 0) add(SIGN_OFFS_FILE, signOffs.map((line) => `${signOffLine(line)}\n`).join(""));
  const release: Omit<Release, "files" | "seal"> = {
    format_version: 1,
    task: task.name,
    run: record.id,
    released: new Date().toISOString(),
    lorafit: packageVersion(),
    verdict: verdict.verdict,
    override,
    base: { name: record.base.name, sha256: verdict.base_sha256, licence: verdict.base_licence },
    artifact_sha256: verdict.artifact_sha256,
    verdict_sha256: sha256File(join(folder, "verdict.json")),
    lock_sha256: verdict.lock_sha256,
    sign_offs: standings(run, () => false),
  };
  add("README.md", modelCard(run, verdict, release));
  const files = Object.fromEntries(
    Object.entries(fileHashes(folder)).map(([name, sha256]) => [
      name,
      { bytes: statSync(join(folder, name)).size, sha256 },
    ]),
  );
  const whole: Release = { ...release, files, seal: sealOf({ ...release, files }) };
  add(RELEASE_FILE, jsonText(whole));
  return whole;
}

const copy = (from: string, to: string): void =>
  writing(to, () => {
    makeFolder(dirname(to));
    copyFileSync(from, to);
  });
