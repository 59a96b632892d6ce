import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { paintPreview, preview } from "../data/preview.ts";
import { ENGINE_NAMES, selectEngine } from "../engines/select.ts";
import type { Task } from "../task/load.ts";
import { lockFile } from "../task/lock.ts";
import { resolvedSettings } from "../task/override.ts";
import { planRun } from "../train/plan.ts";
import { assignmentsOf } from "../train/resume.ts";
import { findRun, readRun } from "../train/run-folder.ts";
import { trainingFiles } from "../workflow/curate-task.ts";
import { driftReference, keepForLater } from "../workflow/drift-run.ts";
import { heldLock } from "../workflow/judge-run.ts";
import { taskPower } from "../workflow/lock-task.ts";
import { trainTask } from "../workflow/train-task.ts";
import type { Context } from "./context.ts";
import { collect, megabytes } from "./format.ts";
import { packageVersion } from "./package.ts";
import { powerText, showPower } from "./power.ts";
import { baseOf, taskOf } from "./task.ts";
import { reportTraining } from "./train-events.ts";

export interface SettingFlags {
  readonly set?: readonly string[];
  readonly seeds?: string;
  readonly withinBudget?: true;
}

interface Flags extends SettingFlags {
  readonly engine?: string;
  readonly resume?: string;
  readonly dryRun?: true;
}

/** --seeds and --within-budget are settings like any other, with names of their own. */
export const settingsOf = ({ set = [], seeds, withinBudget }: SettingFlags): string[] => [
  ...set,
  ...(seeds === undefined ? [] : [`train.seeds=${seeds}`]),
  ...(withinBudget ? ["train.within_budget=true"] : []),
];

/** Adds the flags that settingsOf reads. */
export const addSettingFlags = (verb: Command): Command =>
  verb
    .option("--set <key=value>", "another value for a setting of task.yaml; may be repeated", collect)
    .option(
      "--seeds <n>",
      "adapters with seed, seed + 1, …: the first ships, and the gate asks that all agree",
    )
    .option(
      "--within-budget",
      "hold out general text of data.replay; when the adapter loses more on it than the criterion allows, try a smaller scale, earlier checkpoints and more replay",
    );

export function addTrain(program: Command, context: Context): void {
  const verb = program
    .command("train")
    .description("Train the task's adapter; leaves a run directory with checkpoints and the best adapter.")
    .argument("[task]", "folder or task.yaml (default: here)")
    .option("--engine <name>", `${ENGINE_NAMES.join(", ")} (default: auto, or the resumed run's)`)
    .option("--resume <run>", "go on with a run that was interrupted, from its last checkpoint")
    .option(
      "--dry-run",
      "print every setting with its origin, the plan and the memory estimate; train nothing",
    );
  addSettingFlags(verb).action(async (path: string | undefined, flags: Flags) => {
    const settings = settingsOf(flags);
    const task =
      flags.resume === undefined ? taskOf(path, settings) : resumedTask(flags.resume, path, settings);
    if (flags.dryRun) return showPlan(task, context);
    showPower(task, context);
    await train(task, flags, context);
  });
}

/** The task that a run belongs to, with the --set assignments that it was started with. */
function resumedTask(name: string, path: string | undefined, assignments: readonly string[] = []): Task {
  const run = findRun(name);
  return taskOf(path ?? join(run, "../.."), [...assignmentsOf(readRun(run)), ...assignments]);
}

/** Trains, reporting to the context's output. @returns path of the run */
export async function train(
  task: Task,
  flags: Pick<Flags, "engine" | "resume">,
  context: Context,
): Promise<string> {
  const resume = flags.resume === undefined ? undefined : findRun(flags.resume);
  const { engine, version: engineVersion } = await selectEngine(
    flags.engine ?? (resume === undefined ? "auto" : readRun(resume).engine),
    task.train.precision,
  );
  const base = baseOf(task, context);
  if (existsSync(lockFile(task))) heldLock(task, base);
  const { files, warning } = trainingFiles(task);
  if (warning !== undefined) reportTraining({ event: "warning", message: warning }, context);
  const reference = driftReference(task, files);
  const events = trainTask({
    task,
    base,
    files,
    engine,
    engineVersion,
    version: packageVersion(),
    signal: context.signal,
    ...(resume === undefined ? {} : { resume }),
  });
  let run = resume;
  for await (const event of events) {
    if (event.event === "run-start") run ??= event.run;
    reportTraining(event, context);
  }
  const bytes = keepForLater(run!, task, reference);
  if (reference !== undefined) {
    context.output.event(
      { event: "drift-reference", queries: reference.queries, bytes },
      `drift reference: ${reference.queries} queries of the training period as ${megabytes(bytes)} of statistics`,
    );
  }
  return run!;
}

/** Rows that --dry-run shows in full. */
const SHOWN = 3;

async function showPlan(task: Task, context: Context): Promise<void> {
  const settings = resolvedSettings(task);
  const planned = await planRun(task, baseOf(task, context), { files: trainingFiles(task).files });
  const { data, layout, estimate, recompute, warnings } = planned;
  const { availableBytes } = estimate;
  const power = taskPower(task);
  const rows = preview(data.train, planned.tokenizer, { show: SHOWN });
  const { totalSteps: steps, stepsPerEpoch, shapes } = data.batchPlan;
  const width = Math.max(...settings.map(({ key }) => key.length));
  const lines = [
    ...settings.map(
      ({ key, value, origin }) => `${key.padEnd(width)}  ${JSON.stringify(value)}  ${pc.dim(origin)}`,
    ),
    "",
    paintPreview(rows, pc),
    `${data.validation.length} more rows are held out for validation`,
    `${steps} steps, ${stepsPerEpoch} an epoch; batches of ${shapes.map(({ batch, sequence }) => `${batch}x${sequence}`).join(", ")} tokens`,
    `${layout.size.toLocaleString("en")} trained parameters; about ${megabytes(estimate.total)} of memory, ${megabytes(availableBytes)} are free`,
    powerText(power),
  ];
  const { output } = context;
  for (const warning of warnings) output.warn(`${pc.yellow("warning")}: ${warning}`);
  const plan = {
    steps,
    stepsPerEpoch,
    shapes,
    parameters: layout.size,
    validationRows: data.validation.length,
  };
  const memory = { estimatedBytes: estimate.total, availableBytes, recompute };
  output.result({ settings, rows, ...plan, ...memory, power, warnings }, lines.join("\n"));
}
