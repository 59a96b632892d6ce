import { axisX, dot, link, rect, ruleX, text } from "@observablehq/plot";
import type { AnnouncedResult } from "../../evaluate/decision/announced.ts";
import type { CriterionResult } from "../../evaluate/decision/decide.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import { barText, differenceText, estimateText, pText, scoreText } from "../../evaluate/result-text.ts";
import { WHO } from "../../evaluate/right-counts.ts";
import { counted } from "../../formats/counted.ts";
import { CONTESTANTS, type Contestant } from "../../task/schema.ts";
import { chart } from "../chart.ts";
import { html, type Markup } from "../markup.ts";
import { outcomeText } from "./verdict.ts";

/** Requirement of each kind in words. */
const MEANING: Record<CriterionResult["kind"], string> = {
  superiority: "must be better than the base",
  "non-inferiority": "must not be worse than the base by more than the margin",
  "at-least": "the tuned model's own score must reach the floor",
  "at-most": "the tuned model's own score must stay at or below the ceiling",
  "zero-new-failures": "nothing that the base passes may fail",
  "zero-failures": "nothing may fail",
};

/** Key of criteria whose intervals share an axis: same unit, and both of differences or both of scores. */
const axisOf = ({ kind, scorer }: CriterionResult): string =>
  `${scorer === "cross-entropy"} ${kind === "superiority" || kind === "non-inferiority"}`;

/** Domain of the axis that all criteria of a unit share: zero, bars, intervals and planned effects. */
export function domainOf(criteria: readonly CriterionResult[], of: CriterionResult): [number, number] {
  const values = criteria
    .filter((criterion) => axisOf(criterion) === axisOf(of))
    .flatMap((criterion) => [0, ...criterion.ci, criterion.estimate, criterion.bar, criterion.effect ?? 0]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.06 * (high - low || 1);
  return [low - room, high + room];
}

/** The estimate with its interval, the bar (dashed) and the planned effect (dotted). */
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

const TITLE: Record<Contestant, string> = {
  lookup: "Lookup",
  prompted: "Prompted",
  tfidf: "TF-IDF",
};

export function criteriaSection(verdict: Verdict): Markup {
  const level = (100 * (1 - verdict.alpha)).toFixed(1);
  const contestants = CONTESTANTS.filter((name) => verdict.contestants[name] !== undefined);
  return html`<div class="scroll"><table class="criteria"><caption>What had to hold, frozen before training, and what was found</caption>
<thead><tr><th scope="col">Criterion</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned</th>${contestants.map((name) => html`<th scope="col" class="number">${TITLE[name]}</th>`)}<th scope="col" class="number">Difference</th><th scope="col">Interval against what was asked</th><th scope="col">Outcome</th></tr></thead>
<tbody>${verdict.criteria.map((criterion) =>
    criterionRow(
      criterion,
      domainOf(verdict.criteria, criterion),
      contestants.map((name) => ({ name, score: verdict.contestants[name]?.[criterion.name] })),
    ),
  )}</tbody></table></div>
<p class="soft">Each cluster of related cases weighs one. Bar: from one one-sided ${level} % bound to the other; dot: the difference, or the tuned model's own score where a floor or ceiling is asked for; dashed: the value asked for; shaded: the side on which the whole interval must be; dotted: the planned effect. Of a difference, right of zero the tuned model is better. Differences are percentage points, or nats per token for cross-entropy.${
    contestants.length > 0 &&
    " Lookup: the answer of the nearest training question. Prompted: the base with the policy in its system message."
  }</p>`;
}

function criterionRow(
  criterion: CriterionResult,
  domain: readonly [number, number],
  contestants: readonly { readonly name: Contestant; readonly score: number | undefined }[],
): Markup {
  const { ci, n, clusters, announced = [], against } = criterion;
  const meaning =
    against === undefined ? MEANING[criterion.kind] : `must be better than ${WHO[against.contestant]}`;
  return html`<tr class="${criterion.outcome}"><th scope="row">${criterion.name}<small>${meaning}; ${criterion.scorer}</small></th>
<td class="number" data-label="Base">${scoreText(criterion, criterion.base)}</td>
<td class="number" data-label="Tuned">${scoreText(criterion, criterion.tuned)}</td>
${contestants.map(({ name, score }) => html`<td class="number" data-label="${TITLE[name]}">${score === undefined ? "–" : scoreText(criterion, score)}</td>`)}
<td class="number" data-label="Difference">${differenceText(criterion, criterion.difference)}</td>
<td class="plot">${intervalChart(criterion, domain)}<small>${estimateText(criterion, ci[0])} to ${estimateText(criterion, ci[1])}; asked: ${barText(criterion)}; ${pText(criterion)}; ${counted(n, "case")} in ${counted(clusters, "cluster")}</small>${announced.map((slice) => announcedText(criterion, slice))}</td>
<td class="decided">${outcomeText(criterion.outcome)}${criterion.notes.map((note) => html`<small>${note}</small>`)}</td></tr>`;
}

/** Result of a slice that was announced as improved; it decides nothing. */
function announcedText(criterion: CriterionResult, slice: AnnouncedResult): Markup {
  const where = Object.entries(slice.where).map(([key, value]) => `${key} ${value}`);
  const [low, high] = slice.ci.map((value) => differenceText(criterion, value));
  const p = slice.p_holm < 0.001 ? "< 0.001" : `= ${slice.p_holm.toFixed(3)}`;
  return html`<small>announced, ${where.join(", ")}: ${differenceText(criterion, slice.difference)} (${low} to ${high}), p (Holm) ${p}, ${counted(slice.n, "case")} in ${counted(slice.clusters, "cluster")}: ${slice.improved ? "✓ improved" : "not shown"}</small>`;
}
