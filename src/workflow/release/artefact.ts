import { existsSync } from "node:fs";
import { join } from "node:path";
import { LorafitError, listMistakes } from "../../errors.ts";
import type { ExportReport } from "../../export/export.ts";
import { fileHashes, folderContents, REPORT_FILE } from "../../export/folder.ts";
import { readJson } from "../../formats/json.ts";
import { adapterConfigSha256, adapterSha256 } from "../../lora/adapter.ts";
import { PEFT_FILES } from "../../lora/peft.ts";
import { runFolder } from "../../train/run-folder.ts";
import { exportFolder } from "../run.ts";

/** SHA-256 of files by name. */
export type FileHashes = Readonly<Record<string, string>>;

export const MODEL = "model";
export const ADAPTER = "adapter";

/** Folders that a release hands over as they were judged, by their names in the release. */
const parts = (run: string): Readonly<Record<string, string>> => ({
  [ADAPTER]: runFolder(run).adapter,
  [MODEL]: exportFolder(run, "tuned"),
});

/** export.json of one side; undefined before the export. */
export function exportReport(run: string, side: "base" | "tuned"): ExportReport | undefined {
  const file = join(exportFolder(run, side), REPORT_FILE);
  return existsSync(file)
    ? readJson<ExportReport>(file, { hint: "export again with `lorafit eval`" })
    : undefined;
}

/** True if the tuned export was made from the adapter as it is now, configuration included. */
export function isExportOfAdapter(run: string): boolean {
  const { adapter } = runFolder(run);
  const report = exportReport(run, "tuned");
  return (
    report?.adapter_sha256 === adapterSha256(adapter) &&
    report.adapter_config_sha256 === adapterConfigSha256(adapter)
  );
}

/** Every file of adapter and tuned export with its hash, by its name in a release. */
function artefactFiles(run: string): FileHashes {
  return Object.fromEntries(
    Object.entries(parts(run)).flatMap(([part, folder]) =>
      Object.entries(fileHashes(folder)).map(([name, hash]) => [`${part}/${name}`, hash]),
    ),
  );
}

/** Links and entries that are no files, a line each. */
const linksIn = (run: string): string[] =>
  Object.entries(parts(run)).flatMap(([part, folder]) =>
    folderContents(folder).problems.map((problem) => `${part}/${problem}`),
  );

/** Differences between two lists of files, a line each. */
export function fileChanges(judged: FileHashes, now: FileHashes): string[] {
  const names = [...new Set([...Object.keys(judged), ...Object.keys(now)])].sort();
  return names.flatMap((name) => {
    if (judged[name] === now[name]) return [];
    return `${name}: ${judged[name] === undefined ? "was added" : now[name] === undefined ? "is missing" : "has changed"}`;
  });
}

/** Links in a run's adapter and tuned export, and differences from the judged files, a line each. */
export const artefactChanges = (run: string, judged: FileHashes): string[] => [
  ...linksIn(run),
  ...fileChanges(judged, artefactFiles(run)),
];

/**
 * Every file of adapter and tuned export with its hash, for the verdict.
 * @throws mismatch error that lists links, files that the export did not write, and an adapter that the export was not made of
 */
export function filesToJudge(run: string): FileHashes {
  const files = artefactFiles(run);
  const { files: exported = {} } = exportReport(run, "tuned") ?? {};
  const written = new Set([
    ...Object.values(PEFT_FILES).map((name) => `${ADAPTER}/${name}`),
    ...[REPORT_FILE, ...Object.keys(exported)].map((name) => `${MODEL}/${name}`),
  ]);
  const wrong = [
    ...linksIn(run),
    ...Object.keys(files).flatMap((name) => (written.has(name) ? [] : `${name}: was not written by lorafit`)),
    ...Object.entries(exported).flatMap(([name, hash]) =>
      files[`${MODEL}/${name}`] === hash ? [] : `${MODEL}/${name}: is not as it was exported`,
    ),
    ...(isExportOfAdapter(run) ? [] : [`${ADAPTER}: is not the one that the exported model was made of`]),
  ];
  if (wrong.length === 0) return files;
  throw new LorafitError("mismatch", `${run}: cannot be judged as it is:\n${listMistakes(wrong)}`, {
    hint: "put these back or remove them; `lorafit eval` exports the adapter again",
  });
}
