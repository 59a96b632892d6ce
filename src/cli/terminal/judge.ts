import type { Command } from "commander";
import { evaluateRun } from "../../workflow/eval-run.ts";
import { gateRun } from "../../workflow/gate-run.ts";
import { reportRun } from "../../workflow/report-run.ts";
import type { Run } from "../../workflow/run.ts";
import type { Context } from "./context.ts";
import { render } from "./render.ts";
import { runOf } from "./task.ts";

/** eval, gate and report: the stages after training. */
export function addJudging(program: Command, context: Context): void {
  const verb = <Flags extends object>(
    name: string,
    description: string,
    action: (run: Run, flags: Flags) => Promise<void>,
  ): Command =>
    program
      .command(name)
      .description(description)
      .argument("[run]", "run directory, or a task folder for its newest run (default: here)")
      .action((path: string | undefined, flags: Flags) => action(runOf(path, context), flags));
  verb<{ prompted?: boolean }>(
    "eval",
    "Let the exported base, the exported adapter and the contestants answer the same locked cases.",
    async (run, flags) => {
      for (const each of [run, ...run.seeds])
        await render(evaluateRun(each, { ...flags, seed: each !== run }), context);
    },
  ).option("--prompted", "also ask the base with policy.md in its system message, however long it takes");
  verb("gate", "Decide on the answers; the exit code is the verdict's.", async (run) => {
    await render(gateRun(run), context);
    context.exitCode = run.verdict.exit_code;
  });
  verb("report", "Write report.html of a judged run.", (run) => render(reportRun(run), context));
}
