import pc from "picocolors";
import { percent } from "../formats/percent.ts";
import type { TrainEvent } from "../train/events.ts";
import type { RepairEvent } from "../workflow/repair.ts";
import { lossText, outcomeText } from "../workflow/repair-text.ts";
import type { SeedStart } from "../workflow/train-task.ts";
import type { Context } from "./context.ts";
import { megabytes, seconds } from "./format.ts";

type Event = TrainEvent | SeedStart | RepairEvent;

/** Tells what happens in a training, to people and to machines. */
export function reportTraining(event: Event, { output }: Context): void {
  if (event.event === "warning") {
    output.event(event);
    if (!output.quiet) output.warn(`${pc.yellow("warning")}: ${event.message}`);
  } else if (event.event === "checkpoint-written") {
    output.event(event);
  } else if (event.event === "run-end" || event.event === "repair-end") {
    output.result(event, lineOf(event));
  } else {
    output.event(event, event.event === "step-end" ? undefined : lineOf(event));
    if (event.event === "step-end") output.progress(lineOf(event));
  }
}

function lineOf(event: Exclude<Event, { event: "warning" | "checkpoint-written" }>): string {
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
        `${percent(event.accuracy)} of tokens right${event.best ? pc.green("  best so far") : ""}`
      );
    case "seed-start":
      return `${pc.bold(`seed ${event.seed}`)}: ${event.number} of ${event.of}`;
    case "repair-trial":
      return lossText(event);
    case "repair-end":
      return `${pc.bold("budget")}: ${outcomeText(event)}`;
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
