import type { Command } from "commander";
import pc from "picocolors";
import { selectEngine } from "../engines/select.ts";
import { verdictTable } from "../evaluate/table.ts";
import type { WeightSource } from "../model/weights.ts";
import { findRun } from "../train/run-folder.ts";
import { evaluateRun, gateRun, openRun, type TrainedRun } from "../workflow/judge-run.ts";
import { reportRun } from "../workflow/report-run.ts";
import type { Context } from "./context.ts";
import { seconds } from "./format.ts";
import { baseOf } from "./task.ts";

/** eval, gate and report: what happens to a run after training. */
export function addJudging(program: Command, context: Context): void {
  const verb = (name: string, description: string, action: (run: TrainedRun) => Promise<void>): void => {
    program
      .command(name)
      .description(description)
      .argument("[run]", "run directory, or a task folder for its newest run (default: here)")
      .action((path: string | undefined) => action(openRun(findRun(path))));
  };
  verb(
    "eval",
    "Let the exported base and the exported adapter answer the same locked cases.",
    async (run) => {
      for (const each of [run, ...run.seeds]) await evaluate(each, baseOf(run.task, context), context);
    },
  );
  verb("gate", "Decide on the answers; the exit code is the verdict's.", async (run) =>
    judge(run, baseOf(run.task, context), context),
  );
  verb("report", "Write report.html of a judged run.", (run) => report(run, context));
}

export async function evaluate(
  run: TrainedRun,
  base: WeightSource,
  { output, signal }: Context,
): Promise<void> {
  const { engine } = await selectEngine(run.record.engine);
  const answers = await evaluateRun(run, { base, engine, signal }, (event) => {
    output.event(event);
    const share = Math.round((100 * event.done) / event.total);
    output.progress(`eval: ${event.model} answers, ${share} %, ${seconds(event.secondsLeft)} left`);
  });
  output.result(
    { event: "evaluated", run: run.path, cases: answers.length },
    `${pc.bold("eval")}: base and tuned answered ${answers.length} cases`,
  );
}

/** Sets the exit code from the same value as the table and verdict.json. */
export function judge(run: TrainedRun, base: WeightSource, context: Context): void {
  const verdict = gateRun(run, base);
  context.output.result(
    { event: "judged", run: run.path, ...verdict },
    verdictTable(verdict, pc.isColorSupported),
  );
  context.exitCode = verdict.exit_code;
}

export async function report(run: TrainedRun, { output }: Context): Promise<void> {
  const file = await reportRun(run);
  output.result({ event: "reported", file }, `${pc.bold("report")}: ${file}`);
}
