import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { paintPreview, preview } from "../data/preview.ts";
import { ENGINE_NAMES, selectEngine } from "../engines/select.ts";
import type { Task } from "../task/load.ts";
import { lockFile } from "../task/lock.ts";
import { resolvedSettings } from "../task/override.ts";
import type { TrainEvent } from "../train/events.ts";
import { planRun } from "../train/plan.ts";
import { assignmentsOf } from "../train/resume.ts";
import { trainRun } from "../train/run.ts";
import { findRun, readRun } from "../train/run-folder.ts";
import { trainingFiles } from "../workflow/curate-task.ts";
import { driftReference, keepForLater } from "../workflow/drift-run.ts";
import { heldLock } from "../workflow/judge-run.ts";
import { taskPower } from "../workflow/lock-task.ts";
import type { Context } from "./context.ts";
import { collect, megabytes, seconds } from "./format.ts";
import { packageVersion } from "./package.ts";
import { powerText, showPower } from "./power.ts";
import { baseOf, taskOf } from "./task.ts";

interface Flags {
  readonly engine?: string;
  readonly set?: readonly string[];
  readonly resume?: string;
  readonly dryRun?: true;
}

export function addTrain(program: Command, context: Context): void {
  program
    .command("train")
    .description("Train the task's adapter; leaves a run directory with checkpoints and the best adapter.")
    .argument("[task]", "folder or task.yaml (default: here)")
    .option("--engine <name>", `${ENGINE_NAMES.join(", ")} (default: auto, or the resumed run's)`)
    .option("--set <key=value>", "another value for a setting of task.yaml; may be repeated", collect)
    .option("--resume <run>", "go on with a run that was interrupted, from its last checkpoint")
    .option(
      "--dry-run",
      "print every setting with its origin, the plan and the memory estimate; train nothing",
    )
    .action(async (path: string | undefined, flags: Flags) => {
      const task =
        flags.resume === undefined ? taskOf(path, flags.set) : resumedTask(flags.resume, path, flags.set);
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
  );
  const base = baseOf(task, context);
  if (existsSync(lockFile(task))) heldLock(task, base);
  const { files, warning } = trainingFiles(task);
  if (warning !== undefined) report({ event: "warning", message: warning }, context);
  const reference = driftReference(task, files);
  const events = trainRun({
    task,
    base,
    files,
    engine,
    engineVersion,
    version: packageVersion(),
    signal: context.signal,
    ...(resume === undefined ? {} : { resume }),
  });
  let run = "";
  for await (const event of events) {
    if (event.event === "run-start") run = event.run;
    report(event, context);
  }
  const bytes = keepForLater(run, task, reference);
  if (reference !== undefined) {
    context.output.event(
      { event: "drift-reference", queries: reference.queries, bytes },
      `drift reference: ${reference.queries} queries of the training period as ${megabytes(bytes)} of statistics`,
    );
  }
  return run;
}

function report(event: TrainEvent, { output }: Context): void {
  if (event.event === "warning") {
    output.event(event);
    if (!output.quiet) output.warn(`${pc.yellow("warning")}: ${event.message}`);
  } else if (event.event === "checkpoint-written") {
    output.event(event);
  } else if (event.event === "run-end") {
    output.result(event, lineOf(event));
  } else {
    output.event(event, event.event === "step-end" ? undefined : lineOf(event));
    if (event.event === "step-end") output.progress(lineOf(event));
  }
}

function lineOf(event: Exclude<TrainEvent, { event: "warning" | "checkpoint-written" }>): string {
  switch (event.event) {
    case "run-start":
      return [
        `${pc.bold("run")} ${event.run}`,
        `${event.parameters.toLocaleString("en")} trained parameters on ${event.engine} (${event.device}); ` +
          `${event.trainRows} rows, ${event.validationRows} held out; ${event.steps} steps` +
          (event.from > 0 ? `, going on from step ${event.from}` : ""),
        `memory: about ${megabytes(event.estimatedBytes)} of ${megabytes(event.availableBytes)} free` +
          (event.recompute ? ", activations are recomputed" : ""),
      ].join("\n");
    case "step-end":
      return (
        `step ${event.step}/${event.steps}  loss ${event.loss.toFixed(4)}  ` +
        `${Math.round(event.tokensPerSecond)} tokens/s  ${seconds(event.secondsLeft)} left`
      );
    case "step-skipped":
      return `step ${event.step}/${event.steps}  ${pc.yellow("skipped")}: loss or gradient is not finite`;
    case "validation-end":
      return (
        `step ${event.step}  validation loss ${event.loss.toFixed(4)}, ` +
        `${(100 * event.accuracy).toFixed(1)} % of tokens right${event.best ? pc.green("  best so far") : ""}`
      );
    case "run-end":
      return [
        `${event.reason} at step ${event.step}` +
          (event.best === null
            ? ""
            : `; best was step ${event.best.step}, validation loss ${event.best.loss.toFixed(4)}`),
        `memory: at most ${megabytes(event.peakBytes)}, ${megabytes(event.estimatedBytes)} were expected`,
        `adapter: ${event.adapter}`,
      ].join("\n");
  }
}

/** Rows that --dry-run shows in full. */
const SHOWN = 3;

async function showPlan(task: Task, context: Context): Promise<void> {
  const settings = resolvedSettings(task);
  const planned = await planRun(task, baseOf(task, context), trainingFiles(task).files);
  const { data, layout, estimate, availableBytes, recompute, warnings } = planned;
  const power = taskPower(task);
  const rows = preview(data.train, planned.tokenizer, { show: SHOWN });
  const { totalSteps: steps, stepsPerEpoch, shapes } = data.plan;
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
