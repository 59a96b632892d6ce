import { statSync } from "node:fs";
import { join } from "node:path";
import { selectEngine } from "../engines/select.ts";
import { LorafitError } from "../errors.ts";
import { exportModel } from "../export/export.ts";
import { REPORT_FILE } from "../export/folder.ts";
import { kindOf } from "../kinds/index.ts";
import { initialFactors } from "../lora/initial.ts";
import { loraLayout } from "../lora/layout.ts";
import { runFolder } from "../train/run-folder.ts";
import { loraConfigOf } from "../train/settings.ts";
import type { Exporting } from "./events.ts";
import { exportReport, isExportOfAdapter } from "./release/artefact.ts";
import { exportFolder, type Run } from "./run.ts";

const SIDES = ["base", "tuned"] as const;

const reportFile = (run: string, side: "base" | "tuned"): string =>
  join(exportFolder(run, side), REPORT_FILE);

/** When base and tuned were exported, in milliseconds; -Infinity for one that was not. */
export const exportTimes = (run: string): number[] =>
  SIDES.map(
    (side) => statSync(reportFile(run, side), { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY,
  );

/** True if both sides are exported, the tuned one from the present adapter. */
export const isExportedRun = ({ path }: Run): boolean =>
  exportReport(path, "base")?.adapter_sha256 === null && isExportOfAdapter(path);

/**
 * Exports base and tuned model with the same exporter, each read back and compared with the training engine.
 * @throws mismatch error when the base differs from the one of the training
 */
export async function* exportForJudging({ project, path, record }: Run): AsyncGenerator<Exporting, void> {
  const { base, task, signal } = project;
  if (record.base.sha256 !== base.sha256) {
    throw new LorafitError("mismatch", `${path}: was trained on another base than ${base.path} is now`, {
      hint: "put the base back, or train again",
    });
  }
  yield { event: "exporting", run: path };
  const { engine } = await selectEngine(record.engine);
  const { head } = kindOf(task);
  const layout = loraLayout(base.config, loraConfigOf(task));
  // A classifier has no base without a head: it is the model that training starts from.
  const initial = head && { layout, flat: initialFactors(layout, task.seed, base) };
  for (const side of SIDES) {
    await exportModel({
      base,
      engine,
      format: "onnx",
      threads: task.train.threads,
      out: exportFolder(path, side),
      ...(side === "tuned" ? { adapter: runFolder(path).adapter } : initial && { initial }),
      ...(signal !== undefined && { signal }),
    });
  }
}
