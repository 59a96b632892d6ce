import { dot, gridY, lineY, text } from "@observablehq/plot";
import { chart, fittedChart } from "../../report/chart.ts";
import { html, type Markup, Markup as Raw } from "../../report/markup.ts";
import { STYLE } from "../../report/sections/style.ts";
import type { SweepResult, SweepRow } from "./result.ts";
import { conclusion, lossOf, settingsText } from "./text.ts";

/** sweep.html: table and picture of a sweep in one file that loads nothing. */
export function sweepPicture(result: SweepResult): string {
  const { rows, task, general_aim } = result;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${task}: sweep</title><style>${new Raw(STYLE)}</style></head><body>
<header><h1>${task}: sweep</h1></header>
<main><section><h2>Conclusion</h2>${conclusion(result).map((line) => html`<p>${line}</p>`)}</section>
<section><h2>Validation loss by learning rate</h2><figure>${fittedChart((width) => lossChart(rows, width))}
<figcaption>Nats per supervised token on held-out rows, each configuration in the last rung that it reached. Later rungs trained longer, so only points of one rung compare.</figcaption></figure></section>
<section><h2>Configurations</h2><div class="scroll"><table><thead><tr><th>settings</th><th>trained</th><th>validation loss</th><th>general text</th><th>parameters</th><th>seconds</th></tr></thead>
<tbody>${rows.map(
    (row) => html`<tr><td>${settingsText(row.settings)}</td><td>${shareText(row)}</td><td>${lossOf(row)}</td>
<td>${generalText(row, general_aim)}</td><td>${row.parameters.toLocaleString("en")}</td><td>${row.seconds.toFixed(0)}</td></tr>`,
  )}</tbody></table></div></section></main>
<footer>Written by lorafit. This page loads nothing.</footer></body></html>
`.source;
}

export const shareText = ({ share, step, total_steps }: SweepRow): string =>
  `${Math.round(share * 100)} % of ${total_steps} steps, best at ${step}`;

export const generalText = ({ general_lost, within_budget }: SweepRow, aim: number | null): string =>
  general_lost === null
    ? "not measured"
    : `${general_lost < 0 ? "gains" : "loses"} ${Math.abs(general_lost).toFixed(4)} nat` +
      (aim === null ? "" : within_budget ? ", within the budget" : ", over the budget");

/** Validation loss over the learning rate, a line for each combination of the other settings within a rung. */
function lossChart(rows: readonly SweepRow[], width: number): Markup {
  const points = rows
    .filter(({ loss }) => loss !== null)
    .map((row) => {
      const { learning_rate: rate, alpha: _, ...rest } = row.settings;
      return {
        rate: Number(rate ?? 0),
        loss: row.loss!,
        rung: row.rung,
        series: `${row.rung} ${JSON.stringify(rest)}`,
      };
    })
    .sort((a, b) => a.rate - b.rate);
  const [best] = rows;
  const chosen = { rate: Number(best!.settings.learning_rate ?? 0), loss: best!.loss ?? 0 };
  const swept = points.every(({ rate }) => rate > 0);
  const at = { x: "rate", y: "loss" } as const;
  return chart(`Validation loss of ${points.length} configurations; lowest ${chosen.loss.toFixed(3)}`, {
    width,
    height: 300,
    marginLeft: 44,
    x: { label: swept ? "learning rate" : null, ...(swept && { type: "log" as const }) },
    y: { label: "nats per token", nice: true },
    marks: [
      gridY({ stroke: "var(--line)", strokeOpacity: 1 }),
      lineY(points, { ...at, z: "series", stroke: "var(--base)", strokeWidth: 1.5 }),
      dot(points, {
        ...at,
        fill: (point: { rung: number }) => (point.rung === best!.rung ? "var(--tuned)" : "var(--base)"),
        r: 4,
      }),
      dot([chosen], { ...at, stroke: "var(--tuned)", strokeWidth: 2, r: 8 }),
      text([chosen], {
        ...at,
        text: () => "chosen",
        dy: -16,
        fill: "var(--ink)",
        stroke: "var(--card)",
        strokeWidth: 3,
      }),
    ],
  });
}
