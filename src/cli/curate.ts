import { type Command, Option } from "commander";
import pc from "picocolors";
import { type CurateSummary, curate } from "../data/curate/curate.ts";
import { type FindingKind, KINDS } from "../data/curate/finding.ts";
import { LorafitError } from "../errors.ts";
import { chat } from "../kinds/chat/chat.ts";
import type { WeightSource } from "../model/weights.ts";
import { curateTask } from "../workflow/curate-task.ts";
import type { Project } from "../workflow/project.ts";
import type { Context } from "./terminal/context.ts";
import { findingsOf, findingsTable, nextSteps } from "./terminal/curate-table.ts";
import { projectOf, taskOf } from "./terminal/task.ts";

interface Flags {
  readonly accept: "all" | "safe" | "none";
  readonly data?: string;
  readonly cases?: string;
  readonly out?: string;
  readonly show?: FindingKind;
}

export function addCurate(program: Command, context: Context): void {
  program
    .command("curate")
    .description("Find what is wrong with the training rows and write the clean set.")
    .argument("[task]", "folder or task.yaml (default: here)")
    .addOption(
      new Option(
        "--accept <what>",
        "safe: drop exact duplicates and leakage, mask personal data; all: every proposal; none: only report",
      )
        .choices(["all", "safe", "none"])
        .default("safe"),
    )
    .addOption(new Option("--show <kind>", "list every finding of this kind").choices(Object.keys(KINDS)))
    .option("--data <file>", "without a task: training rows, JSONL or CSV with a text column")
    .option("--cases <file>", "without a task: held-out cases that training must not see")
    .option("--out <dir>", "without a task: where curation.json, review.jsonl and train.clean.jsonl go")
    .action(async (path: string | undefined, flags: Flags) => {
      if (flags.data === undefined) {
        const project = projectOf(taskOf(path), context);
        showCuration(
          await curateTask(project.task, flags.accept, presentBase(project, context)),
          context,
          flags.show,
        );
        return;
      }
      if (flags.out === undefined) throw new LorafitError("usage", "--data needs --out DIR");
      const cases = flags.cases === undefined ? [] : [flags.cases];
      showCuration(
        await curate({ format: chat.rows, files: [flags.data], cases, accept: flags.accept, out: flags.out }),
        context,
        flags.show,
      );
    });
}

/** The task's base, when it is on this machine: only one check needs it. */
function presentBase(project: Project, context: Context): WeightSource | undefined {
  try {
    return project.base;
  } catch (error) {
    if (!LorafitError.is(error)) throw error;
    context.output.warn(`rows that are too long for the base are not looked for: ${error.message}`);
    return undefined;
  }
}

/**
 * Shows the result of curation.
 * @param show the kind of which every finding is listed
 */
export function showCuration(summary: CurateSummary, { output }: Context, show?: FindingKind): void {
  const lines = [
    `${pc.bold("curate")}: ${summary.rows} rows, ${summary.clean_rows} in the clean set ${summary.paths.clean}`,
    ...findingsTable(summary.findings),
    ...(show === undefined ? [] : findingsOf(show, summary)),
    ...nextSteps(summary),
    `Every finding is in ${summary.paths.curation}`,
  ];
  const { findings: _, dropped: __, texts: ___, ...brief } = summary;
  output.result({ event: "curated", ...brief }, lines.join("\n"));
}
