import { dot, gridX, link } from "@observablehq/plot";
import type { DriftResult } from "../../drift/result.ts";
import { effectText, middleText, pText } from "../../drift/table.ts";
import { percent } from "../../formats/percent.ts";
import { chart } from "../chart.ts";
import { html, type Markup } from "../markup.ts";

/** Number of rules in the chart: those whose share of the queries changed most. */
const TOPICS = 8;

const SENTENCE: Record<DriftResult["outcome"], string> = {
  drift: "Customers ask other questions than in the training period.",
  "no drift": "Nothing was found that sets the new queries apart from those of the training period.",
  inconclusive: "The new queries could not be compared.",
};

/** Last comparison of new queries with those of the training period. */
export function driftSection(drift: DriftResult): Markup {
  const { log, reference, look, topics, new_words: words, examples } = drift;
  const period = log.from === null ? "" : `, ${log.from} to ${log.to}`;
  return html`<p><b>${SENTENCE[drift.outcome]}</b> ${drift.reason !== null && `${drift.reason}. `}${log.queries} queries of ${log.file.split("/").at(-1)}${period}, against ${reference.queries} of the training period; compared on ${drift.at.slice(0, 10)}${look !== null && `, look ${look.look} at this adapter`}.</p>
${drift.statistics.length > 0 && statisticsTable(drift)}
${topics.length > 0 && topicChart(topics)}
${
  words.length > 0 &&
  html`<h3>Words that are more frequent than before</h3><p>${words.map(({ words: text, reference: before, new: now }, i) => html`${i > 0 && "; "}<b dir="auto">${text}</b> ${before} → ${now}`)}</p>`
}
${
  examples.length > 0 &&
  html`<h3>New queries that show it</h3><ul class="worst">${examples.map(({ line, text, shows }) => html`<li><code>line ${line}</code> <span dir="auto">${text}</span> <small>${shows}</small></li>`)}</ul>`
}`;
}

function statisticsTable({ statistics, look }: DriftResult): Markup {
  return html`<div class="scroll"><table><caption>${look !== null && `Drift where p, adjusted by Holm, is at most ${Number(look.level.toPrecision(2))}`}</caption>
<thead><tr><th scope="col">Statistic</th><th scope="col" class="number">Then</th><th scope="col" class="number">Now</th><th scope="col" class="number">Effect</th><th scope="col" class="number">p</th><th scope="col" class="number">p (Holm)</th><th scope="col">Outcome</th></tr></thead>
<tbody>${statistics.map(
    (entry) =>
      html`<tr class="${entry.drifted ? "fail" : "pass"}"><th scope="row">${entry.name}<small>${entry.test}</small></th><td class="number">${middleText(entry, entry.reference)}</td><td class="number">${middleText(entry, entry.new)}</td><td class="number">${effectText(entry)}</td><td class="number">${pText(entry.p)}</td><td class="number">${pText(entry.p_holm)}</td><td>${entry.drifted ? html`<span class="outcome">✗ drifted</span>` : html`<span class="outcome">✓ as before</span>`}</td></tr>`,
  )}</tbody></table></div>`;
}

/** Share of the queries nearest to each rule, then and now, for the rules that changed most. */
function topicChart(topics: DriftResult["topics"]): Markup {
  const moved = [...topics]
    .sort((a, b) => Math.abs(b.new - b.reference) - Math.abs(a.new - a.reference))
    .slice(0, TOPICS);
  const label = moved
    .map((topic) => `${topic.rule} ${percent(topic.reference)} then, ${percent(topic.new)} now`)
    .join("; ");
  const drawing = chart(`Share of queries by nearest rule: ${label}`, {
    width: 330,
    height: 26 * moved.length + 40,
    marginLeft: 40,
    x: { label: null, ticks: 4, tickFormat: (share: number) => `${Number((100 * share).toFixed(1))} %` },
    y: { type: "point", domain: moved.map(({ rule }) => rule), label: null, tickSize: 0 },
    marks: [
      gridX({ ticks: 4, stroke: "var(--line)", strokeOpacity: 1 }),
      link(moved, {
        x1: "reference",
        x2: "new",
        y1: "rule",
        y2: "rule",
        stroke: "var(--soft)",
        strokeWidth: 1.5,
      }),
      dot(moved, {
        x: "reference",
        y: "rule",
        r: 4,
        stroke: "var(--base)",
        strokeWidth: 2,
        fill: "var(--card)",
      }),
      dot(moved, { x: "new", y: "rule", r: 4.5, fill: "var(--tuned)" }),
    ],
  });
  return html`<h3>Queries by nearest rule</h3><div class="pair"><figure>${drawing}
<figcaption><i class="key-base hollow"></i>then and <i class="key-tuned"></i>now, for the ${moved.length} rules that changed most.</figcaption></figure>
<ul class="worst">${moved.map((topic) => html`<li dir="auto"><b>${topic.rule}</b> ${percent(topic.reference)} → ${percent(topic.new)} <span class="rule">${topic.text}${topic.training_examples === 0 && " (no training example)"}</span></li>`)}</ul></div>`;
}
