import type { Command } from "commander";
import pc from "picocolors";
import { driftTable, dueTable } from "../drift/table.ts";
import { driftFolder, driftOf, dueOf } from "../workflow/drift-run.ts";
import type { Context } from "./terminal/context.ts";
import { runOf } from "./terminal/task.ts";

export function addDrift(program: Command, context: Context): void {
  program
    .command("drift")
    .description("Compare new queries with those of the training period, and name what is new.")
    .argument("<run>", "run directory, a task folder for its newest run, or a release")
    .argument("<queries>", 'new queries, JSONL of {"text"} or {"messages"}, with "date" if known; or CSV')
    .option("--out <dir>", "folder for drift.json and the ledger of looks (default: the run)")
    .action((path: string, queries: string, flags: { out?: string }) => {
      const result = driftOf(driftFolder(path), queries, flags.out);
      context.output.result({ event: "drift-compared", ...result }, driftTable(result, pc.isColorSupported));
      context.exitCode = result.exit_code;
    });
}

export function addDue(program: Command, context: Context): void {
  program
    .command("due")
    .description("Say whether to train again, and why: by drift, a changed policy or age.")
    .argument("[run]", "run directory, or a task folder for its newest run (default: here)")
    .argument("[queries]", "new queries as for drift (default: what drift compared last)")
    .action((path: string | undefined, queries: string | undefined) => {
      const run = runOf(path, context);
      const answer = dueOf(run, queries);
      context.output.result(
        { event: "due-answered", run: run.path, ...answer },
        dueTable(answer, pc.isColorSupported),
      );
      context.exitCode = answer.exitCode;
    });
}
