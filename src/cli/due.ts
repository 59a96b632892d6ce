import type { Command } from "commander";
import pc from "picocolors";
import { dueTable } from "../drift/table.ts";
import { dueOf } from "../workflow/drift-run.ts";
import type { Context } from "./terminal/context.ts";
import { runOf } from "./terminal/task.ts";

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
