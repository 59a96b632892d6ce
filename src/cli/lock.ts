import type { Command } from "commander";
import pc from "picocolors";
import { scriptFiles } from "../evaluate/answer.ts";
import { readCases } from "../evaluate/cases.ts";
import { loadScripts } from "../evaluate/checks/script.ts";
import { checkCriteria } from "../evaluate/select.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { lockFile, lockSha256, writeLock } from "../task/lock.ts";
import { lockIdentity } from "../workflow/judge-run.ts";
import type { Context } from "./context.ts";
import { baseOf, taskOf } from "./task.ts";

export function addLock(program: Command, context: Context): void {
  program
    .command("lock")
    .description("Freeze cases, criteria, seeds and decoding before training, so that the goalposts stay.")
    .argument("[task]", "folder or task.yaml (default: here)")
    .action(async (path: string | undefined) => {
      const task = taskOf(path);
      await lock(task, baseOf(task, context), context);
    });
}

export async function lock(task: Task, base: WeightSource, { output }: Context): Promise<void> {
  const cases = readCases(task);
  await loadScripts(task.folder, scriptFiles(cases));
  checkCriteria(task.success, cases);
  const locked = writeLock(task, lockIdentity(base));
  const sha256 = lockSha256(locked);
  output.result(
    { event: "locked", file: lockFile(task), sha256, cases: cases.length, criteria: task.success.length },
    `${pc.bold("lock")}: ${cases.length} cases and ${task.success.length} criteria, ${sha256.slice(0, 12)}… in ${lockFile(task)}`,
  );
}
