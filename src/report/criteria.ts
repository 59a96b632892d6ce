import { axisX, dot, link, rect, ruleX, text } from "@observablehq/plot";
import type { AnnouncedResult } from "../evaluate/announced.ts";
import type { CriterionResult } from "../evaluate/decide.ts";
import type { Verdict } from "../evaluate/gate.ts";
import { barText, differenceText, estimateText, pText, scoreText } from "../evaluate/result-text.ts";
import { chart } from "./chart.ts";
import { html, type Markup } from "./markup.ts";
import { outcomeText } from "./verdict.ts";

/** What has been shown, in words for those who do not read intervals. */
const MEANING: Record<CriterionResult["kind"], string> = {
  superiority: "must be better than the base, or the model that it names",
  "non-inferiority": "must not be worse than the base by more than the margin",
  "at-least": "must itself reach the floor",
  "at-most": "must itself stay below the ceiling",
  "zero-new-failures": "nothing that the base passes may fail",
  "zero-failures": "nothing may fail",
};

/** Criteria whose intervals share an axis: of the same unit, and both of differences or both of scores. */
const axisOf = ({ kind, scorer }: CriterionResult): string =>
  `${scorer === "cross-entropy"} ${kind === "superiority" || kind === "non-inferiority"}`;

/** One axis for all criteria of a unit, with zero, bars, intervals and planned effects on it. */
export function domainOf(criteria: readonly CriterionResult[], of: CriterionResult): [number, number] {
  const values = criteria
    .filter((criterion) => axisOf(criterion) === axisOf(of))
    .flatMap((criterion) => [0, ...criterion.ci, criterion.estimate, criterion.bar, criterion.effect ?? 0]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.06 * (high - low || 1);
  return [low - room, high + room];
}

/** The difference with its interval against what must be exceeded (dashed) and the planned effect (dotted). */
export function intervalChart(criterion: CriterionResult, domain: readonly [number, number]): Markup {
  const [low, high] = criterion.ci;
  const { bar } = criterion;
  const below = criterion.kind === "at-most" || criterion.kind.startsWith("zero");
  const say = (value: number) => estimateText(criterion, value);
  const label = `${criterion.kind === "superiority" || criterion.kind === "non-inferiority" ? "Difference" : "Score"} ${say(criterion.estimate)}, interval ${say(low)} to ${say(high)}, asked: ${barText(criterion)}${criterion.effect === undefined ? "" : `, planned effect ${say(criterion.effect)}`}`;
  const tick = (value: number) => say(value).replace(/\.?0+$/, "");
  const name = { y: 0, dy: -19, fill: "var(--soft)", fontSize: 10 };
  const note = (value: number, word: string, side: "start" | "end") =>
    text([value], {
      ...name,
      x: (x: number) => x,
      text: () => word,
      textAnchor: side,
      dx: side === "end" ? -3 : 3,
    });
  return chart(label, {
    width: 300,
    height: 62,
    marginTop: 4,
    marginBottom: 18,
    marginLeft: 10,
    marginRight: 10,
    x: { domain: [...domain] },
    y: { domain: [-1, 1], axis: null },
    marks: [
      rect([0], { x1: bar, x2: domain[below ? 0 : 1], y1: -1, y2: 1, fill: "var(--zone)" }),
      ruleX([0], { stroke: "var(--soft)", strokeWidth: 1 }),
      ruleX([bar], { stroke: "var(--ink)", strokeDasharray: "4 3" }),
      note(bar, "asked", "end"),
      criterion.effect === undefined
        ? null
        : ruleX([criterion.effect], { stroke: "var(--ink)", strokeDasharray: "1 3" }),
      criterion.effect === undefined ? null : note(criterion.effect, "planned", "start"),
      link([criterion], { x1: low, x2: high, y1: -0.1, y2: -0.1, stroke: "var(--tone)", strokeWidth: 4 }),
      dot([criterion], {
        x: "estimate",
        y: -0.1,
        r: 5.5,
        fill: "var(--tone)",
        stroke: "var(--card)",
        strokeWidth: 2,
      }),
      axisX({ ticks: 5, tickSize: 0, tickFormat: tick, label: null }),
    ],
  });
}

export function criteriaSection(verdict: Verdict): Markup {
  const level = (100 * (1 - verdict.alpha)).toFixed(1);
  return html`<div class="scroll"><table class="criteria"><caption>What had to hold, frozen before training, and what was found</caption>
<thead><tr><th scope="col">Criterion</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned</th><th scope="col" class="number">Difference</th><th scope="col">Interval against what was asked</th><th scope="col">Outcome</th></tr></thead>
<tbody>${verdict.criteria.map((criterion) => criterionRow(criterion, domainOf(verdict.criteria, criterion)))}</tbody></table></div>
<p class="soft">Right of zero the tuned model is better; shaded is where the whole interval must lie. Bar: from one one-sided ${level} % bound to the other, over whole clusters of related cases; dot: the difference; dashed: what must be exceeded; dotted: the effect that was planned for. A sign-flip test over clusters must agree; p is the larger of the two. Differences are percentage points, or nats per token for cross-entropy.</p>`;
}

function criterionRow(criterion: CriterionResult, domain: readonly [number, number]): Markup {
  const { ci, n, clusters, announced = [] } = criterion;
  return html`<tr class="${criterion.outcome}"><th scope="row">${criterion.name}<small>${MEANING[criterion.kind]}; ${criterion.scorer}</small></th>
<td class="number" data-label="Base">${scoreText(criterion, criterion.base)}</td>
<td class="number" data-label="Tuned">${scoreText(criterion, criterion.tuned)}</td>
<td class="number" data-label="Difference">${differenceText(criterion, criterion.difference)}</td>
<td class="plot">${intervalChart(criterion, domain)}<small>${estimateText(criterion, ci[0])} to ${estimateText(criterion, ci[1])}; asked: ${barText(criterion)}; ${pText(criterion)}; ${n} cases in ${clusters} clusters</small>${announced.map((slice) => announcedText(criterion, slice))}</td>
<td class="decided">${outcomeText(criterion.outcome)}${criterion.notes.map((note) => html`<small>${note}</small>`)}</td></tr>`;
}

/** A slice that was announced as improved: a claim that decides nothing. */
function announcedText(criterion: CriterionResult, slice: AnnouncedResult): Markup {
  const where = Object.entries(slice.where).map(([key, value]) => `${key} ${value}`);
  const [low, high] = slice.ci.map((value) => differenceText(criterion, value));
  const p = slice.p_holm < 0.001 ? "< 0.001" : `= ${slice.p_holm.toFixed(3)}`;
  return html`<small>announced, ${where.join(", ")}: ${differenceText(criterion, slice.difference)} (${low} to ${high}), p (Holm) ${p}, ${slice.n} cases in ${slice.clusters} clusters: ${slice.improved ? "✓ improved" : "not shown"}</small>`;
}
