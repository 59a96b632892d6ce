import { join } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { paintPreview, preview } from "../data/preview.ts";
import { ENGINE_NAMES } from "../engines/select.ts";
import type { Task } from "../task/load.ts";
import { resolvedSettings } from "../task/override.ts";
import { planRun } from "../train/plan.ts";
import { assignmentsOf } from "../train/resume.ts";
import { findRun, readRun } from "../train/run-folder.ts";
import { trainingFiles } from "../workflow/curate-task.ts";
import { showPower, taskPower } from "../workflow/lock-task.ts";
import type { Project } from "../workflow/project.ts";
import { trainTask } from "../workflow/train-task.ts";
import type { Context } from "./terminal/context.ts";
import { collect, megabytes } from "./terminal/format.ts";
import { powerText } from "./terminal/power.ts";
import { render } from "./terminal/render.ts";
import { projectOf, taskOf } from "./terminal/task.ts";

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

/** Setting assignments of the flags; --seeds and --within-budget are short names of settings. */
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
    .option("--resume <run>", "resume an interrupted run at its last checkpoint")
    .option(
      "--dry-run",
      "print every setting with its origin, the plan and the memory estimate; train nothing",
    );
  addSettingFlags(verb).action(async (path: string | undefined, flags: Flags) => {
    const settings = settingsOf(flags);
    const resume = flags.resume === undefined ? undefined : findRun(flags.resume);
    const task = resume === undefined ? taskOf(path, settings) : resumedTask(resume, path, settings);
    const project = projectOf(task, context);
    if (flags.dryRun) return showPlan(project, context);
    await render(showPower(project), context);
    await render(trainTask(project, { engine: flags.engine, resume }), context);
  });
}

/** Task of a run, with the --set assignments that it was started with. */
function resumedTask(run: string, path: string | undefined, assignments: readonly string[]): Task {
  return taskOf(path ?? join(run, "../.."), [...assignmentsOf(readRun(run)), ...assignments]);
}

/** Rows that --dry-run shows in full. */
const SHOWN = 3;

async function showPlan(project: Project, { output }: Context): Promise<void> {
  const { task, base } = project;
  const settings = resolvedSettings(task);
  const planned = await planRun(task, base, { files: trainingFiles(task).files });
  const { data, layout, estimate, recompute, warnings } = planned;
  const { availableBytes } = estimate;
  const power = taskPower(project);
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
