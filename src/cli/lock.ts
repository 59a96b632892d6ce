import type { Command } from "commander";
import { lockProject } from "../workflow/lock-task.ts";
import type { Context } from "./terminal/context.ts";
import { render } from "./terminal/render.ts";
import { projectOf, taskOf } from "./terminal/task.ts";

export function addLock(program: Command, context: Context): void {
  program
    .command("lock")
    .description("Freeze cases, criteria, seeds and decoding before training; print what they can show.")
    .argument("[task]", "folder or task.yaml (default: here)")
    .option(
      "--reason <text>",
      "reason for changing the lock after results have been seen; every verdict shows it",
    )
    .action((path: string | undefined, { reason }: { reason?: string }) =>
      render(lockProject(projectOf(taskOf(path), context), reason), context),
    );
}
