import { type Command, Option } from "commander";
import pc from "picocolors";
import { selectEngine } from "../engines/select.ts";
import { EXPORT_FORMATS, exportModel } from "../export/export.ts";
import { GGUF_TYPES, type GgufType } from "../export/gguf/gguf.ts";
import { DTYPES, type Dtype } from "../export/merged.ts";
import type { MergeComparison } from "../export/verify/merged.ts";
import { runFolder } from "../train/run-folder.ts";
import type { Context } from "./terminal/context.ts";
import { runOf } from "./terminal/task.ts";

interface Flags {
  readonly format: string;
  readonly out: string;
  readonly dtype?: Dtype;
  readonly type?: GgufType;
}

export function addExport(program: Command, context: Context): void {
  program
    .command("export")
    .description(
      "Write a run's adapter in another form, read it back and compare it with the training engine.",
    )
    .argument("[run]", "run directory, or a task folder for its newest run (default: here)")
    .requiredOption("--format <format>", EXPORT_FORMATS.join(", "))
    .requiredOption("--out <dir>", "folder to write; a former export is replaced")
    .addOption(
      new Option("--dtype <type>", "with merged: type of the weights (default: the base's own)").choices(
        DTYPES,
      ),
    )
    .addOption(
      new Option("--type <type>", "with gguf: type of the matrices (default: f16)").choices(GGUF_TYPES),
    )
    .action(async (path: string | undefined, { format, out, dtype, type }: Flags) => {
      const run = runOf(path, context);
      const { engine } = await selectEngine(run.record.engine);
      const adapter = runFolder(run.path).adapter;
      const { base, signal } = run.project;
      const report = await exportModel({
        ...{ base, adapter, format, out, engine },
        name: run.task.name,
        ...(dtype && { dtype }),
        ...(type && { type }),
        ...(signal && { signal }),
      });
      context.output.result(
        { event: "exported", out, ...report },
        [
          `${pc.bold("export")}: ${format} in ${out}, read back and compared; opens in ${report.opens_in!.join(", ")}`,
          ...(report.merge === undefined ? [] : [mergeText(report.merge)]),
        ].join("\n"),
      );
    });
}

const mergeText = ({ dtype, max_logit_difference, greedy: { tokens, agreed } }: MergeComparison): string =>
  `merged in ${dtype}: logits differ from base and adapter apart by ${max_logit_difference.toExponential(1)} of the largest; ` +
  `the next token is the same at ${agreed} of ${tokens} positions`;
