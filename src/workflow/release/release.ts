import { cpSync, existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { LorafitError, listMistakes } from "../../errors.ts";
import { artifactSha256, fileHashes, writeFolder } from "../../export/folder.ts";
import { sha256File, writeFileAtomic, writing } from "../../formats/files.ts";
import { jsonText } from "../../formats/json.ts";
import { licenceOf } from "../../model/catalog.ts";
import { packageVersion } from "../../package.ts";
import { lockFile, lockSha256 } from "../../task/lock.ts";
import { runFolder } from "../../train/run-folder.ts";
import { usedCuration } from "../curate-task.ts";
import { decideRun } from "../gate-run.ts";
import { verifyLock } from "../lock-task.ts";
import { repairFile } from "../repair/repair.ts";
import { writeReport } from "../report-run.ts";
import { exportFolder, type Run, verdictFile } from "../run.ts";
import { ADAPTER, artefactChanges, fileChanges, MODEL } from "./artefact.ts";
import { modelCard } from "./model-card.ts";
import { RELEASE_FILE, type Release } from "./record.ts";
import { ROLES, type Standing, signOffsFile, standings } from "./sign.ts";

/** A reason to refuse a release. A mismatch cannot be overridden, because the model card would describe another model. */
export interface Refusal {
  readonly reason: string;
  readonly overridable: boolean;
}

/** Every reason to refuse a release. */
export const refusals = async (run: Run): Promise<Refusal[]> => [
  ...(await evidenceRefusals(run)),
  ...signOffRefusals(standings(run.path)),
];

/** Compares files, lock and answers with the verdict, decides again, and requires a pass. */
async function evidenceRefusals(run: Run): Promise<Refusal[]> {
  const { path, project } = run;
  const fixed = (reason: string): Refusal => ({ reason, overridable: false });
  if (!existsSync(verdictFile(path))) return [fixed("there is no verdict: `lorafit gate` gives one")];
  const { verdict } = run;
  const found = artefactChanges(path, verdict.files ?? {}).map((line) =>
    fixed(`not as it was judged: ${line}`),
  );
  try {
    if (lockSha256(verifyLock(project)) !== verdict.lock_sha256)
      found.push(
        fixed("task.lock is not the one that the verdict was given under: run `lorafit gate` again"),
      );
    if (found.length === 0 && jsonText(await decideRun(run)) !== jsonText(verdict))
      found.push(fixed("verdict.json is not what the answers give: run `lorafit gate` again"));
  } catch (error) {
    if (!LorafitError.is(error)) throw error;
    found.push(fixed(error.message));
  }
  if (verdict.verdict !== "pass")
    found.push({ reason: `the verdict is ${verdict.verdict}`, overridable: true });
  return found;
}

function signOffRefusals(roles: readonly Standing[]): Refusal[] {
  return roles.flatMap(({ role, signOff, void: why }) => {
    const who = `${ROLES[role]} (--role ${role})`;
    if (signOff === undefined) return { reason: `the ${who} has not signed`, overridable: true };
    if (why === undefined) return [];
    return { reason: `the sign-off of ${signOff.name} as ${who} is void: ${why}`, overridable: true };
  });
}

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
  const found = await refusals(run);
  const closed = override === undefined ? found : found.filter(({ overridable }) => !overridable);
  if (closed.length > 0) {
    const lines = closed.map(({ reason }) => reason.replaceAll("\n", "\n  "));
    const hint = closed.every(({ overridable }) => overridable)
      ? "correct these, or put the decision on record with --override --reason TEXT"
      : "correct these; an override is for the verdict and for sign-offs, not for files that do not belong together";
    throw new LorafitError("failed", `${run.path}: cannot be released:\n${listMistakes(lines)}`, { hint });
  }
  return writeFolder(out, (folder) => fill(folder, run, found, override), { keepFormer: true });
}

async function fill(
  folder: string,
  run: Run,
  found: readonly Refusal[],
  override: string | undefined,
): Promise<Release> {
  const { path, record, task, verdict } = run;
  const { base } = run.project;
  await copyParts(folder, run);
  const copied = fileHashes(folder);
  const judged = Object.entries(copied).filter(([name]) => [ADAPTER, MODEL].includes(name.split("/")[0]!));
  const changes = fileChanges(verdict.files, Object.fromEntries(judged));
  if (changes.length > 0)
    throw new LorafitError("mismatch", `${path}: changed while it was copied:\n${listMistakes(changes)}`);
  const release: Omit<Release, "files"> = {
    format_version: 1,
    task: task.name,
    run: basename(path),
    released: new Date().toISOString(),
    lorafit: packageVersion(),
    verdict: verdict.verdict,
    override:
      override === undefined || found.length === 0
        ? null
        : { reason: override, refusals: found.map(({ reason }) => reason) },
    base: {
      name: record.base.name,
      sha256: base.sha256,
      licence: licenceOf({ name: record.base.name, path: base.path }) ?? null,
    },
    artifact_sha256: artifactSha256(join(folder, "model")),
    verdict_sha256: sha256File(verdictFile(path)),
    lock_sha256: verdict.lock_sha256,
    sign_offs: standings(path),
  };
  writeFileAtomic(join(folder, "README.md"), modelCard(run, verdict, release));
  const files = Object.fromEntries(
    Object.entries(fileHashes(folder)).map(([name, sha256]) => [
      name,
      { bytes: statSync(join(folder, name)).size, sha256 },
    ]),
  );
  const whole: Release = { ...release, files };
  writeFileAtomic(join(folder, RELEASE_FILE), jsonText(whole));
  return whole;
}

/** Copies the parts of the run and its task that belong to a release. */
async function copyParts(folder: string, run: Run): Promise<void> {
  const { path, task } = run;
  await writeReport(run);
  const parts: readonly [name: string, from: string | undefined][] = [
    [MODEL, exportFolder(path, "tuned")],
    [ADAPTER, runFolder(path).adapter],
    ["verdict.json", verdictFile(path)],
    ["report.html", join(path, "report.html")],
    ["config.json", runFolder(path).config],
    ["drift", runFolder(path).drift],
    ["sign-offs.jsonl", signOffsFile(path)],
    ["task.yaml", task.file],
    ["task.lock", lockFile(task)],
    ["policy.md", task.paths.policy],
    ["curation.json", usedCuration(run)],
    ["repair.json", repairFile(path)],
  ];
  writing(folder, () => {
    for (const [name, from] of parts) {
      if (from !== undefined && existsSync(from)) cpSync(from, join(folder, name), { recursive: true });
    }
  });
}
