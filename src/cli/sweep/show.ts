import pc from "picocolors";
import { percent } from "../../formats/percent.ts";
import type { PipelineEvent } from "../../workflow/events.ts";
import { generalText, shareText } from "../../workflow/sweep/picture.ts";
import type { SweepResult } from "../../workflow/sweep/result.ts";
import type { SweepEvent } from "../../workflow/sweep/sweep.ts";
import { conclusion, lossOf, settingsText } from "../../workflow/sweep/text.ts";
import type { Context } from "../terminal/context.ts";
import { seconds } from "../terminal/format.ts";
import { follow, show } from "../terminal/render.ts";

/** Shows every event of a sweep and of its trainings. @returns the generator's result */
export const renderSweep = <T>(
  events: AsyncGenerator<SweepEvent | PipelineEvent, T>,
  context: Context,
): Promise<T> =>
  follow(events, (event) => (isOfSweep(event) ? showSweep(event, context) : show(event, context)));

const isOfSweep = (event: SweepEvent | PipelineEvent): event is SweepEvent =>
  event.event.startsWith("sweep-");

function showSweep(event: SweepEvent, { output }: Context): void {
  switch (event.event) {
    case "sweep-plan":
      output.event(
        event,
        `${pc.bold(`rung ${event.rung + 1} of ${event.rungs}`)}: ${event.parts} configurations, ${percent(event.share)} of their steps; ${event.file}`,
      );
      break;
    case "sweep-part": {
      const { number, of, settings, result, state } = event;
      const took = state === "done" ? `, ${seconds(result!.seconds)}` : "";
      const text =
        result === null
          ? "trains"
          : `${state === "kept" ? "kept: " : ""}validation loss ${lossOf(result)}${took}`;
      output.event(
        event,
        `${pc.bold(`configuration ${number} of ${of}`)}: ${settingsText(settings)}: ${text}`,
      );
      break;
    }
    case "sweep-open":
      output.result(
        event,
        [
          `rung ${event.rung + 1} is not complete; left to other processes:`,
          ...event.open.map(({ index, why }) => `  part ${index}: ${why}`),
          "run the same command again when they have ended",
        ].join("\n"),
      );
      break;
    case "sweep-end":
      output.result(
        event,
        [sweepTable(event.result), ...conclusion(event.result), `${event.file}, ${event.picture}`].join("\n"),
      );
  }
}

function sweepTable({ rows, general_aim }: SweepResult): string {
  const cells = rows.map((row) => [
    settingsText(row.settings),
    shareText(row),
    lossOf(row),
    generalText(row, general_aim),
    seconds(row.seconds),
  ]);
  const table = [["settings", "trained", "validation loss", "general text", "time"], ...cells];
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
