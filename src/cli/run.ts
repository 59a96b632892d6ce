import type { Command } from "commander";
import { runPipeline } from "../workflow/pipeline.ts";
import type { Context } from "./terminal/context.ts";
import { render } from "./terminal/render.ts";
import { projectOf, taskOf } from "./terminal/task.ts";
import { addSettingFlags, type SettingFlags, settingsOf } from "./train.ts";

export function addRun(program: Command, context: Context): void {
  const verb = program
    .command("run")
    .description(
      "The whole pipeline: curate, lock, train, export, eval, gate, report; resumes where it stopped.",
    )
    .argument("[task]", "folder or task.yaml (default: here)")
    .option("--engine <name>", "engine to train on (default: auto)");
  addSettingFlags(verb).action(
    async (path: string | undefined, flags: SettingFlags & { engine?: string }) => {
      const project = projectOf(taskOf(path, settingsOf(flags)), context);
      const { verdict } = await render(runPipeline(project, flags), context);
      context.exitCode = verdict.exit_code;
    },
  );
}
