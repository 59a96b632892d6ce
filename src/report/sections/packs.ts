import { axisX, axisY, binX, rectY, ruleX, ruleY, text } from "@observablehq/plot";
import { mean } from "simple-statistics";
import type { AnswerRow } from "../../evaluate/answers/answer-row.ts";
import { percent } from "../../formats/percent.ts";
import { chart } from "../chart.ts";
import { html, type Markup } from "../markup.ts";

const WORST_SHOWN = 5;
const BEGINNING = 160;

const nat = (value: number) => value.toFixed(3);
const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;

/** Scores of each pack as a whole, and the texts that lost most general ability. Undefined without answers. */
export function packsSection(answers: readonly AnswerRow[]): Markup | undefined {
  if (answers.length === 0) return undefined;
  const packs = [...new Set(answers.map(({ pack }) => pack))].flatMap((pack) => {
    const rows = answers.filter((row) => row.pack === pack);
    const parts = [
      { pack, name: pack, rows: rows.filter(({ kind }) => kind !== "text"), texts: false },
      { pack, name: `${pack}, texts`, rows: rows.filter(({ kind }) => kind === "text"), texts: true },
      { pack, name: `${pack}, critical`, rows: rows.filter(({ critical }) => critical), texts: false },
    ];
    return parts.filter((part) => part.rows.length > 0);
  });
  const texts = answers.filter(({ kind }) => kind === "text");
  return html`<div class="scroll"><table><caption>All cases by pack; the criteria above may judge a part of one</caption>
<thead><tr><th scope="col">Pack</th><th scope="col" class="number">Cases</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned</th><th scope="col" class="number">Better</th><th scope="col" class="number">Worse</th></tr></thead>
<tbody>${packs.map((pack) => packRow(pack.name, pack.rows, pack.texts))}</tbody></table></div>
${texts.length > 1 && generalTexts(texts)}`;
}

function packRow(name: string, rows: readonly AnswerRow[], texts: boolean): Markup {
  const of = (side: "base" | "tuned") => mean(rows.map((row) => row[side].score));
  const say = (value: number) => (texts ? `${nat(value)} nat` : percent(value));
  const gains = rows.map(gainOf);
  return html`<tr><th scope="row">${name}</th><td class="number">${rows.length}</td><td class="number">${say(of("base"))}</td><td class="number">${say(of("tuned"))}</td>
<td class="number">${gains.filter((gain) => gain > 0).length}</td><td class="number">${gains.filter((gain) => gain < 0).length}</td></tr>`;
}

/** Gain of the tuned model, positive if it is better. Texts are scored in nats per token, where less is better. */
const gainOf = ({ kind, base, tuned }: AnswerRow) =>
  kind === "text" ? base.score - tuned.score : tuned.score - base.score;

const beginning = (text: string) => (text.length <= BEGINNING ? text : `${text.slice(0, BEGINNING)}…`);

/** Change of the loss on each general text, and the texts with the largest loss. */
function generalTexts(texts: readonly AnswerRow[]): Markup {
  const gains = texts.map(gainOf);
  const average = mean(gains);
  const worst = [...texts].sort((a, b) => gainOf(a) - gainOf(b)).slice(0, WORST_SHOWN);
  const label = `Change of general ability over ${texts.length} texts: mean ${signed(average)} nat per token, between ${signed(Math.min(...gains))} and ${signed(Math.max(...gains))}`;
  const drawing = chart(label, {
    width: 330,
    height: 150,
    marginLeft: 34,
    marginBottom: 32,
    x: { label: null },
    y: { label: null },
    marks: [
      rectY(gains, {
        ...binX({ y: "count" }, { x: (gain: number) => gain, thresholds: 24 }),
        fill: "var(--tuned)",
        inset: 0.5,
      }),
      ruleY([0], { stroke: "var(--soft)" }),
      ruleX([0], { stroke: "var(--ink)" }),
      ruleX([average], { stroke: "var(--ink)", strokeDasharray: "4 3" }),
      text([average], {
        x: (x: number) => x,
        frameAnchor: "top",
        dy: -12,
        text: () => `mean ${signed(average)}`,
        fill: "var(--ink)",
      }),
      axisX({ ticks: 5, tickFormat: (x: number) => (x === 0 ? "0" : `${x < 0 ? "−" : "+"}${Math.abs(x)}`) }),
      axisY({ ticks: 3, tickSize: 0 }),
    ],
  });
  return html`<h3>General ability, text by text</h3><div class="pair"><figure>${drawing}
<figcaption>Texts by change of loss in nats per token; left of zero the tuned model predicts the text worse than the base.</figcaption></figure>
<div><h4>Lost most</h4><ul class="worst">${worst.map((row) => html`<li><b>${signed(gainOf(row))}</b> <code>${row.id}</code> <span dir="auto">${beginning(row.prompt)}</span></li>`)}</ul></div></div>`;
}
