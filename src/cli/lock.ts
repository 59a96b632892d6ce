import type { Command } from "commander";
import pc from "picocolors";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { lockFile, lockSha256 } from "../task/lock.ts";
import { lockTask } from "../workflow/lock-task.ts";
import type { Context } from "./context.ts";
import { powerText } from "./power.ts";
import { baseOf, taskOf } from "./task.ts";

export function addLock(program: Command, context: Context): void {
  program
    .command("lock")
    .description(
      "Freeze cases, criteria, seeds and decoding before training, so that the goalposts stay; say what they can show.",
    )
    .argument("[task]", "folder or task.yaml (default: here)")
    .option(
      "--reason <text>",
      "why the goalposts move although results have been seen; every verdict shows it",
    )
    .action(async (path: string | undefined, { reason }: { reason?: string }) => {
      const task = taskOf(path);
      await lock(task, baseOf(task, context), context, reason);
    });
}

export async function lock(
  task: Task,
  base: WeightSource,
  { output }: Context,
  reason?: string,
): Promise<void> {
  const { lock: locked, cases, amended, power } = await lockTask(task, base, reason);
  const sha256 = lockSha256(locked);
  const criteria = task.success.length;
  output.result(
    { event: "locked", file: lockFile(task), sha256, cases, criteria, amended, power },
    [
      `${pc.bold("lock")}: ${cases} cases and ${criteria} criteria, ${sha256.slice(0, 12)}… in ${lockFile(task)}`,
      ...amended.map((change) => `  ${pc.yellow("moved after a look")}: ${change}`),
      powerText(power),
    ].join("\n"),
  );
}
