import { existsSync, lstatSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { REFERENCE_FILES } from "../../drift/reference.ts";
import { LorafitError, listMistakes } from "../../errors.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import type { ExportReport } from "../../export/export.ts";
import { fileHashes, folderContents, REPORT_FILE } from "../../export/folder.ts";
import { sha256File } from "../../formats/files.ts";
import { readJson } from "../../formats/json.ts";
import { GROUNDING_FILE } from "../../grounding/grounding-index.ts";
import { adapterConfigSha256, adapterSha256 } from "../../lora/adapter.ts";
import { PEFT_FILES } from "../../lora/peft.ts";
import { runFolder } from "../../train/run-folder.ts";
import { usedCuration } from "../curate-task.ts";
import { repairFile } from "../repair/repair.ts";
import { answersFile, exportFolder, type Run } from "../run.ts";

/** SHA-256 of files by name. */
export type FileHashes = Readonly<Record<string, string>>;

/** Files that are hashed when a run is judged. */
export type JudgedFiles = Pick<Verdict, "files" | "evidence">;

export const MODEL = "model";
export const ADAPTER = "adapter";
const CURATION = "curation.json";

/** A file, or a folder with all files in it. One that does not exist has no files. */
interface Part {
  /** In `files` the name in a release; in `evidence` the path in the run, or "task/" and the path in the task for training data. */
  readonly name: string;
  readonly path: string;
  /** Folder below which no component of the path may be a symbolic link; absent where links are permitted. */
  readonly root?: string;
}

const fileOfTask = (name: string, path: string): Part => ({ name, path, root: dirname(path) });

/**
 * Files and folders that a release copies.
 * @param judged files of the verdict: curation.json is compared with the judged one even where its rows have changed since
 */
function shippedParts(run: Run, judged: FileHashes = {}): readonly Part[] {
  const { path, task } = run;
  const folder = runFolder(path);
  const ofRun = (name: string, file: string): Part => ({ name, path: file, root: path });
  const curation = judged[CURATION] === undefined ? usedCuration(run) : join(task.folder, CURATION);
  return [
    ofRun(ADAPTER, folder.adapter),
    ofRun(MODEL, exportFolder(path, "tuned")),
    ofRun("drift", folder.drift),
    ofRun("config.json", folder.config),
    ofRun(GROUNDING_FILE, join(path, GROUNDING_FILE)),
    ofRun("repair.json", repairFile(path)),
    fileOfTask("task.yaml", task.file),
    fileOfTask("policy.md", task.paths.policy),
    ...(curation === undefined ? [] : [fileOfTask(CURATION, curation)]),
  ];
}

/** Sources of verdict, report and model card that a release does not contain. */
function evidenceParts({ path, seeds, record, task }: Run): readonly Part[] {
  const base = exportFolder(path, "base");
  const files = [runFolder(path).metrics, answersFile(path), base];
  const ofSeeds = seeds.flatMap((seed) => [
    runFolder(seed.path).config,
    runFolder(seed.path).adapter,
    answersFile(seed.path),
    join(seed.path, GROUNDING_FILE),
    exportFolder(seed.path, "tuned"),
    exportFolder(seed.path, "base"),
  ]);
  return [
    ...[...files, ...ofSeeds].map((file) => ({ name: inRun(path, file), path: file, root: path })),
    // Data sets are often links into a cache. They are not copied, and their content is hashed.
    ...record.data.files.map(({ file }) => ({ name: `task/${file}`, path: resolve(task.folder, file) })),
  ];
}

const inRun = (run: string, file: string): string => relative(run, file).replaceAll("\\", "/");

/** Path of a file from which a release copies `name`. */
export function sourceOf(run: Run, name: string): string {
  const part = shippedParts(run, run.verdict.files).find(
    (part) => name === part.name || name.startsWith(`${part.name}/`),
  )!;
  return join(part.path, name.slice(part.name.length));
}

/** Hash of every file of the parts by name, and a line for each link. */
function hashParts(parts: readonly Part[]): { files: FileHashes; problems: string[] } {
  // A link without a target is present too.
  const present = parts.filter(({ path }) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  const files = present.flatMap(({ name, path }): [string, string][] => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    if (stat.isFile()) return [[name, sha256File(path)]];
    if (!stat.isDirectory()) return [];
    return Object.entries(fileHashes(path)).map(([file, hash]) => [`${name}/${file}`, hash]);
  });
  return { files: Object.fromEntries(files), problems: present.flatMap(linksIn) };
}

/** Links through which a part could be changed from outside, a line each. */
function linksIn({ name, path, root }: Part): string[] {
  if (root === undefined) return [];
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return [`${name}: is a symbolic link`];
  const behind = realpathSync(path) !== join(realpathSync(root), relative(root, path));
  return [
    ...(behind ? [`${name}: is reached through a symbolic link`] : []),
    ...(stat.isDirectory() ? folderContents(path).problems.map((problem) => `${name}/${problem}`) : []),
    ...(stat.isFile() && stat.nlink > 1 ? [`${name}: is a hard link to another file`] : []),
  ];
}

/** export.json of one side; undefined before the export. */
export function exportReport(run: string, side: "base" | "tuned"): ExportReport | undefined {
  const file = join(exportFolder(run, side), REPORT_FILE);
  return existsSync(file)
    ? readJson<ExportReport>(file, { hint: "export again with `lorafit eval`" })
    : undefined;
}

/** True if the tuned export was made from the present adapter, configuration included. */
export function isExportOfAdapter(run: string): boolean {
  const { adapter } = runFolder(run);
  const report = exportReport(run, "tuned");
  return (
    report?.adapter_sha256 === adapterSha256(adapter) &&
    report.adapter_config_sha256 === adapterConfigSha256(adapter)
  );
}

/** Differences between two lists of files, a line each. */
export function fileChanges(judged: FileHashes, now: FileHashes): string[] {
  const names = [...new Set([...Object.keys(judged), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    if (judged[name] === now[name]) return [];
    return `${name}: ${judged[name] === undefined ? "was added" : now[name] === undefined ? "is missing" : "has changed"}`;
  });
}

/** Links among the files of a run, and differences from those that verdict.json lists, a line for each file. */
export function judgedChanges(run: Run): string[] {
  const { files = {}, evidence = {} } = run.verdict;
  const now = hashParts([...shippedParts(run, files), ...evidenceParts(run)]);
  const named = (line: string): boolean => now.problems.some((problem) => nameOf(problem) === nameOf(line));
  return [
    ...now.problems,
    ...fileChanges({ ...files, ...evidence }, now.files).filter((line) => !named(line)),
  ];
}

/** Name of the file that a line is about. */
const nameOf = (line: string): string => line.slice(0, line.lastIndexOf(": "));

/**
 * Every file that a release copies and every file that the verdict rests on, with its hash.
 * @throws mismatch error that lists links, files that lorafit did not write, and exports that were not made of the base or the adapter
 */
export function filesToJudge(run: Run): JudgedFiles {
  const shipped = hashParts(shippedParts(run));
  const evidence = hashParts(evidenceParts(run));
  const all = { ...shipped.files, ...evidence.files };
  const wrong = [
    ...shipped.problems,
    ...evidence.problems,
    ...notAmong(all, "drift", REFERENCE_FILES),
    ...artefactProblems(run, all, { [ADAPTER]: ADAPTER, tuned: MODEL, base: "export/onnx/base" }),
    ...run.seeds.flatMap((seed) => {
      const at = inRun(run.path, seed.path);
      const names = {
        [ADAPTER]: `${at}/adapter`,
        tuned: `${at}/export/onnx/tuned`,
        base: `${at}/export/onnx/base`,
      };
      return artefactProblems(seed, all, names);
    }),
  ];
  if (wrong.length === 0) return { files: shipped.files, evidence: evidence.files };
  throw new LorafitError("mismatch", `${run.path}: cannot be judged:\n${listMistakes(wrong)}`, {
    hint: "put these back or remove them; `lorafit eval` exports the adapter again",
  });
}

/** Files in the folder `name` beside those that lorafit writes there, a line each. */
const notAmong = (files: FileHashes, name: string, written: readonly string[]): string[] =>
  Object.keys(files)
    .filter((file) => file.startsWith(`${name}/`) && !written.includes(file.slice(name.length + 1)))
    .map((file) => `${file}: was not written by lorafit`);

/** Contradictions between the adapter of a run, its exports and its answers, a line each. */
function artefactProblems(
  { path, record, answers }: Run,
  files: FileHashes,
  names: { readonly adapter: string; readonly tuned: string; readonly base: string },
): string[] {
  const sides = (["tuned", "base"] as const).flatMap((side) => {
    const report = exportReport(path, side);
    const { files: exported = {} } = report ?? {};
    return [
      ...notAmong(files, names[side], [REPORT_FILE, ...Object.keys(exported)]),
      ...Object.entries(exported).flatMap(([name, hash]) =>
        files[`${names[side]}/${name}`] === hash ? [] : `${names[side]}/${name}: is not as it was exported`,
      ),
      ...(report?.base_sha256 === record.base.sha256
        ? []
        : [`${names[side]}: was exported from another base`]),
    ];
  });
  const base = exportReport(path, "base");
  return [
    ...notAmong(files, names.adapter, Object.values(PEFT_FILES)),
    ...sides,
    ...(isExportOfAdapter(path)
      ? []
      : [`${names.adapter}: is not the one that the exported model was made of`]),
    ...(base?.adapter_sha256 === null && base.artifact_sha256 === answers[0]?.base_sha256
      ? []
      : [`${names.base}: is not the export that answered as the base`]),
  ];
}
