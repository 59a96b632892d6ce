import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError } from "commander";
import { ENGINE_NAMES } from "../../engines/select.ts";
import { EXIT, LorafitError } from "../../errors.ts";
import { parseValue, writeTrainSettings } from "../../task/override.ts";
import { planRun } from "../../train/plan.ts";
import type { Project } from "../../workflow/project.ts";
import { configurationOf, type SweepPlan } from "../../workflow/sweep/plan.ts";
import { type Space, SWEPT, type Swept } from "../../workflow/sweep/space.ts";
import { openParts, planOnly, type SweepOptions, sweepIndex, sweepTask } from "../../workflow/sweep/sweep.ts";
import { settingsText } from "../../workflow/sweep/text.ts";
import type { Context } from "../terminal/context.ts";
import { collect } from "../terminal/format.ts";
import { projectOf, taskOf } from "../terminal/task.ts";
import { renderSweep } from "./show.ts";

/** Exit code while other processes train parts: nothing failed, and nothing was decided. */
const INCOMPLETE = EXIT.inconclusive;

interface Flags {
  readonly rate?: readonly unknown[];
  readonly rank?: readonly unknown[];
  readonly epochs?: readonly unknown[];
  readonly targets?: readonly unknown[];
  readonly engine?: string;
  readonly set?: readonly string[];
  readonly parallel?: number;
  readonly plan?: true;
  readonly index?: string | true;
  readonly fresh?: true;
  readonly apply: boolean;
}

/** Flags by the setting that they vary. */
const FLAGS: Readonly<Record<Swept, keyof Flags>> = {
  learning_rate: "rate",
  rank: "rank",
  epochs: "epochs",
  targets: "targets",
};

const values = (text: string): unknown[] =>
  text.split(",").map((part) => {
    const value = parseValue(part.trim());
    if (value === null || value === "")
      throw new InvalidArgumentError("expected values with commas between.");
    return value;
  });

const counted = (text: string): number => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError("expected a number from 1 on.");
  return n;
};

export function addSweep(program: Command, context: Context): void {
  const verb = program
    .command("sweep")
    .description(
      "Find rate, rank and epochs: successive halving on held-out rows and the budget for general text, never on the cases. The winner goes into task.yaml.",
    )
    .argument("[task]", "folder or task.yaml (default: here)")
    .option(
      "--rate <list>",
      "learning rates, such as 1e-3,3e-3 (default: the task's and half decades around it)",
      values,
    )
    .option(
      "--rank <list>",
      "ranks, such as 8,16,32; alpha follows (default: the task's and its half)",
      values,
    )
    .option("--epochs <list>", "passes over the rows, such as 2,4", values)
    .option("--targets <list>", "attention,all-linear", values)
    .option("--engine <name>", `${ENGINE_NAMES.join(", ")} (default: auto)`)
    .option("--set <key=value>", "another value for a setting of task.yaml; may be repeated", collect)
    .option("--parallel <n>", "trainings at once, as far as memory allows (default: 1)", counted)
    .option("--plan", "write what the current rung trains, and train nothing")
    .option(
      "--index [n]",
      "train one part of the current rung, from 0 on (default: SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX)",
    )
    .option("--fresh", "forget an earlier sweep of this task")
    .option("--no-apply", "leave task.yaml as it is");
  verb.action(async (path: string | undefined, flags: Flags) => {
    const project = projectOf(taskOf(path, flags.set), context);
    const space = spaceOf(flags);
    const options = { engine: flags.engine, space, fresh: flags.fresh };
    if (flags.plan) {
      const plan = await renderSweep(planOnly(project, options), context);
      const lines = plan.parts.map(
        (configuration, i) => `  ${i}  ${settingsText(configurationOf(plan, configuration))}`,
      );
      context.output.say(lines.join("\n"));
      return;
    }
    if (flags.index !== undefined) {
      await renderSweep(sweepIndex(project, indexOf(flags.index), options), context);
      return;
    }
    const parallel = Math.min(flags.parallel ?? 1, await fitting(project));
    const elsewhere =
      parallel > 1 ? (plan: SweepPlan) => trainAtOnce(project, plan, parallel, flags, context) : undefined;
    await finish(project, { ...options, elsewhere }, flags, context);
  });
  verb
    .enablePositionalOptions()
    .command("collect")
    .description(
      "Merge the parts that other processes trained; train those again that are missing or damaged.",
    )
    .argument("[task]", "folder or task.yaml (default: here)")
    .option("--engine <name>", `${ENGINE_NAMES.join(", ")} (default: auto)`)
    .option("--no-apply", "leave task.yaml as it is")
    .action(async (path: string | undefined, flags: Flags) => {
      await finish(projectOf(taskOf(path), context), { engine: flags.engine }, flags, context);
    });
}

/** Trains and merges what is left, and writes the winner into task.yaml. */
async function finish(
  project: Project,
  options: SweepOptions,
  { apply }: Flags,
  context: Context,
): Promise<void> {
  const result = await renderSweep(sweepTask(project, options), context);
  if (result === undefined) {
    context.exitCode = INCOMPLETE;
    return;
  }
  if (!apply) return;
  writeTrainSettings(project.task.file, result.settings);
  context.output.say(
    `${project.task.file}: train now has ${settingsText(result.settings)}; lock and run the task next`,
  );
}

/** Values that the flags give; undefined when none does. */
function spaceOf(flags: Flags): Space | undefined {
  const given = SWEPT.filter((key) => flags[FLAGS[key]] !== undefined);
  if (given.length === 0) return undefined;
  return Object.fromEntries(given.map((key) => [key, flags[FLAGS[key]] as readonly unknown[]]));
}

/** Index of a part, from the flag or from the scheduler's environment. */
function indexOf(flag: string | true): number {
  const text =
    flag === true ? (process.env["SLURM_ARRAY_TASK_ID"] ?? process.env["JOB_COMPLETION_INDEX"]) : flag;
  if (text === undefined || !/^\d+$/.test(text))
    throw new LorafitError(
      "usage",
      `--index: ${text === undefined ? "no number is given" : `${text} is no number from 0 on`}`,
      {
        hint: "give one, or set SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX",
      },
    );
  return Number(text);
}

/** Trainings that fit into the free memory at once. */
async function fitting(project: Project): Promise<number> {
  const { estimate } = await planRun(project.task, project.base);
  return Math.max(1, Math.floor((0.8 * estimate.availableBytes) / estimate.total));
}

/** Trains the open parts of a rung in child processes, each with its share of the CPU threads. */
async function trainAtOnce(
  project: Project,
  plan: SweepPlan,
  parallel: number,
  flags: Flags,
  context: Context,
): Promise<void> {
  const threads = Math.max(1, Math.floor(availableParallelism() / parallel));
  const queue = openParts(project, plan).map(({ index }) => index);
  const set = [...(flags.set ?? []), `threads=${threads}`].flatMap((one) => ["--set", one]);
  const engine = flags.engine === undefined ? [] : ["--engine", flags.engine];
  const worker = async (): Promise<void> => {
    for (let index = queue.shift(); index !== undefined && !context.signal.aborted; index = queue.shift())
      await runChild(
        ["sweep", project.task.file, "--index", String(index), "--json", "--quiet", ...set, ...engine],
        context,
      );
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

/** One child; its part events are shown. A child that fails leaves its part to the merging process, which shows the reason. */
async function runChild(args: readonly string[], context: Context): Promise<void> {
  const child = spawn(process.execPath, [process.argv[1]!, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  const stop = (): boolean => child.kill("SIGTERM");
  context.signal.addEventListener("abort", stop);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as {
      event: string;
      configuration?: number;
      loss?: number | null;
      state?: string;
    };
    if (event.event === "sweep-part")
      context.output.event(event, `configuration ${event.configuration}: ${event.state}`);
  }
  await ended;
  context.signal.removeEventListener("abort", stop);
}
