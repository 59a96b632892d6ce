import pc from "picocolors";
import { jointPower } from "../../evaluate/decision/power.ts";
import { verdictTable } from "../../evaluate/table.ts";
import { percent } from "../../formats/percent.ts";
import type { PipelineEvent } from "../../workflow/events.ts";
import { lossText, outcomeText } from "../../workflow/repair/text.ts";
import { showCuration } from "../curate.ts";
import type { Context } from "./context.ts";
import { megabytes, seconds } from "./format.ts";
import { powerText } from "./power.ts";

/** Shows every event of a stage or of the whole pipeline. @returns the generator's result */
export const render = <T>(events: AsyncGenerator<PipelineEvent, T>, context: Context): Promise<T> =>
  follow(events, (event) => show(event, context));

/** Hands every event to `each`. @returns the generator's result */
export async function follow<E, T>(events: AsyncGenerator<E, T>, each: (event: E) => void): Promise<T> {
  for (;;) {
    const { done, value } = await events.next();
    if (done) return value;
    each(value);
  }
}

/** One event: a line for people, and with --json an object for machines. */
export function show(event: PipelineEvent, context: Context): void {
  const { output } = context;
  switch (event.event) {
    case "stage":
      output.event(event);
      break;
    case "exporting":
      output.event(event, EXPORTING);
      break;
    case "curated":
      showCuration(event.summary, context);
      break;
    case "locked":
      output.result(
        event,
        [
          lockedLine(event),
          powerText(event.power),
          ...event.warnings.map((line) => pc.yellow(`warning: ${line}`)),
        ].join("\n"),
      );
      break;
    case "power":
      output.event({ ...event, joint: jointPower(event.power) }, powerText(event.power));
      break;
    case "warning":
      output.event(event);
      if (!output.quiet) output.warn(`${pc.yellow("warning")}: ${event.message}`);
      break;
    case "run-start":
      output.event(
        event,
        [
          `${pc.bold("run")} ${event.run}`,
          `${event.parameters.toLocaleString("en")} trained parameters on ${event.engine} (${event.device}); ` +
            `${event.trainRows} rows, ${event.validationRows} held out; ${event.steps} steps` +
            (event.from > 0 ? `, resuming at step ${event.from}` : ""),
          `memory: about ${megabytes(event.estimatedBytes)} of ${megabytes(event.availableBytes)} free` +
            (event.recompute ? ", activations are recomputed" : ""),
        ].join("\n"),
      );
      break;
    case "step-end":
      output.event(event);
      output.progress(
        `step ${event.step}/${event.steps}  loss ${event.loss.toFixed(4)}  ` +
          `${Math.round(event.tokensPerSecond)} tokens/s  ${seconds(event.secondsLeft)} left`,
      );
      break;
    case "step-skipped":
      output.event(
        event,
        `step ${event.step}/${event.steps}  ${pc.yellow("skipped")}: loss or gradient is not finite`,
      );
      break;
    case "validation-end":
      output.event(
        event,
        `step ${event.step}  validation loss ${event.loss.toFixed(4)}, ` +
          `${percent(event.accuracy)} of targets right${event.best ? pc.green("  best so far") : ""}`,
      );
      break;
    case "checkpoint-written":
      output.event(event);
      break;
    case "seed-start":
      output.event(event, `${pc.bold(`seed ${event.seed}`)}: ${event.number} of ${event.of}`);
      break;
    case "repair-trial":
      output.event(event, lossText(event));
      break;
    case "repair-end":
      output.result(event, `${pc.bold("budget")}: ${outcomeText(event)}`);
      break;
    case "run-end":
      output.result(
        event,
        [
          `${event.reason} at step ${event.step}` +
            (event.best === null
              ? ""
              : `; best was step ${event.best.step}, validation loss ${event.best.loss.toFixed(4)}`),
          `memory: at most ${megabytes(event.peakBytes)}, ${megabytes(event.estimatedBytes)} were expected`,
          `adapter: ${event.adapter}`,
        ].join("\n"),
      );
      break;
    case "drift-reference":
      output.event(
        event,
        `drift reference: ${event.queries} queries of the training period as ${megabytes(event.bytes)} of statistics`,
      );
      break;
    case "answer-progress":
      output.event(event);
      output.progress(
        `eval: ${event.model} answers, ${percent(event.done / event.total)}, ${seconds(event.secondsLeft)} left`,
      );
      break;
    case "contestant-left-out": {
      const ask = event.contestant === "prompted" ? "; `lorafit eval --prompted` asks it" : "";
      output.event(event, `eval: no contestant ${event.contestant}: ${event.reason}${ask}`);
      break;
    }
    case "evaluated":
      output.result(event, `${pc.bold("eval")}: base and tuned answered ${event.cases} cases`);
      break;
    case "judged": {
      const { verdict, ...about } = event;
      output.result({ ...about, ...verdict }, verdictTable(verdict, pc.isColorSupported));
      break;
    }
    case "reported":
      output.result(event, `${pc.bold("report")}: ${event.file}`);
  }
}

const EXPORTING = "export: base and tuned to ONNX, read back and compared with the training engine";

function lockedLine({ cases, criteria, sha256, file, amended }: PipelineEvent & { event: "locked" }): string {
  return [
    `${pc.bold("lock")}: ${cases} cases and ${criteria} criteria, ${sha256.slice(0, 12)}… in ${file}`,
    ...amended.map((change) => `  ${pc.yellow("changed after a look")}: ${change}`),
  ].join("\n");
}
