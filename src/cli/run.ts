import { existsSync } from "node:fs";
import type { Command } from "commander";
import { selectEngine } from "../engines/select.ts";
import { LorafitError } from "../errors.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { lockFile } from "../task/lock.ts";
import { exportForJudging, heldLock, isExportedRun, openRun } from "../workflow/judge-run.ts";
import { answersAreCurrent, matchingRun } from "../workflow/progress.ts";
import type { Context } from "./context.ts";
import { runCurate } from "./curate.ts";
import { evaluate, judge, report } from "./judge.ts";
import { lock } from "./lock.ts";
import { showPower } from "./power.ts";
import { baseOf, taskOf } from "./task.ts";
import { addSettingFlags, type SettingFlags, settingsOf, train } from "./train.ts";

interface Flags extends SettingFlags {
  readonly engine?: string;
}

export function addRun(program: Command, context: Context): void {
  const verb = program
    .command("run")
    .description("The whole road: curate, lock, train, export, eval, gate, report; goes on where it stopped.")
    .argument("[task]", "folder or task.yaml (default: here)")
    .option("--engine <name>", "engine to train on (default: auto)");
  addSettingFlags(verb).action((path: string | undefined, flags: Flags) =>
    runTask(taskOf(path, settingsOf(flags)), flags, context),
  );
}

/** Every stage that is not done yet. The exit code is the gate's. */
export async function runTask(task: Task, flags: Pick<Flags, "engine">, context: Context): Promise<void> {
  const base = baseOf(task, context);
  const summary = await runCurate(task, "safe", base, context);
  if (summary.unresolvedErrors.length > 0) {
    throw new LorafitError(
      "data",
      `${summary.unresolvedErrors.length} errors in the training rows wait for a decision`,
      {
        hint: `decide on them in ${summary.paths.review} (docs/curation.md says how), and run again`,
      },
    );
  }
  if (existsSync(lockFile(task))) {
    heldLock(task, base);
    showPower(task, context);
  } else await lock(task, base, context);
  const path = await trained(task, base, flags, context);
  const run = openRun(path);
  const { engine } = await selectEngine(run.record.engine);
  for (const each of [run, ...run.seeds]) {
    if (!isExportedRun(each)) {
      context.output.say("export: base and tuned to ONNX, read back and compared with the training engine");
      await exportForJudging(each, { base, engine, signal: context.signal });
    }
    if (!answersAreCurrent(each)) await evaluate(each, base, context);
  }
  judge(run, base, context);
  await report(run, context);
}

/** The task's newest run when it fits what would be trained now: finished, or gone on with; else a new one. */
async function trained(
  task: Task,
  base: WeightSource,
  flags: Pick<Flags, "engine">,
  context: Context,
): Promise<string> {
  const before = await matchingRun(task, base);
  if (before?.finished) return before.path;
  return train(task, { ...flags, ...(before === undefined ? {} : { resume: before.path }) }, context);
}
