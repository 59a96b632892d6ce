import { axisX, dot, link, ruleX } from "@observablehq/plot";
import type { AnswerRow } from "../../evaluate/answers/answer-row.ts";
import type { SliceResult } from "../../evaluate/decision/slices.ts";
import { wilsonInterval } from "../../evaluate/decision/wilson.ts";
import { counted } from "../../formats/counted.ts";
import { percent } from "../../formats/percent.ts";
import type { PolicyRule } from "../../task/policy.ts";
import { chart } from "../chart.ts";
import { html, type Markup } from "../markup.ts";

/** Clusters below which a card is greyed: the interval of a share then spans half the scale. */
const FEW = 10;

/** Pass rates of base and tuned on a scale from 0 to 100 %, each with its Wilson interval over `clusters`. */
export function shareChart(base: number, tuned: number, clusters: number): Markup {
  const rows = [
    { y: 1, share: base, colour: "var(--base)" },
    { y: 0, share: tuned, colour: "var(--tuned)" },
  ].map((row) => ({ ...row, interval: wilsonInterval(row.share, clusters) }));
  const label = rows
    .map(
      ({ share, interval: [low, high] }) => `${percent(share)}, interval ${percent(low)} to ${percent(high)}`,
    )
    .join("; tuned ");
  return chart(`base ${label}`, {
    width: 210,
    height: 50,
    marginTop: 4,
    marginBottom: 16,
    marginLeft: 8,
    marginRight: 12,
    x: { domain: [0, 1] },
    y: { domain: [-0.6, 1.6], axis: null },
    marks: [
      ruleX([0, 0.5, 1], { stroke: "var(--line)" }),
      link(rows, {
        x1: ({ interval }) => interval[0],
        x2: ({ interval }) => interval[1],
        y1: "y",
        y2: "y",
        stroke: "colour",
        strokeWidth: 2.5,
      }),
      dot(rows.slice(0, 1), {
        x: "share",
        y: "y",
        r: 4,
        stroke: "var(--base)",
        strokeWidth: 2,
        fill: "var(--card)",
      }),
      dot(rows.slice(1), { x: "share", y: "y", r: 4.5, fill: "var(--tuned)" }),
      axisX({
        ticks: [0, 0.5, 1],
        tickSize: 0,
        tickFormat: (share: number) => `${100 * share}`,
        label: null,
      }),
    ],
  });
}

/** Small multiples by rule and by topic. Undefined when no case names either. */
export function slicesSection(
  slices: readonly SliceResult[],
  answers: readonly AnswerRow[],
  rules: readonly PolicyRule[],
): Markup | undefined {
  if (slices.length === 0) return undefined;
  const texts = new Map(rules.map((rule) => [rule.id, rule]));
  const card = (slice: SliceResult) => {
    const rows = answers.filter((row) => row.kind !== "text" && row[slice.by] === slice.value);
    const clusters = Math.max(1, new Set(rows.map(({ cluster }) => cluster)).size);
    const rule = slice.by === "rule" ? texts.get(slice.value) : undefined;
    return html`<li class="${clusters < FEW ? "few" : ""}"><h4>${slice.value}${rule?.critical && html` <span class="critical">critical</span>`}</h4>
${shareChart(slice.base, slice.tuned, clusters)}
<p>${percent(slice.base)} → <b>${percent(slice.tuned)}</b></p>
<p><small>n = ${slice.n}${clusters < slice.n && ` in ${counted(clusters, "cluster")}`}; ${slice.fixed} fixed, ${slice.broken} broken</small></p>
${rule !== undefined && html`<p class="rule" dir="auto">${rule.text}</p>`}</li>`;
  };
  const group = (by: SliceResult["by"], title: string) => {
    const members = slices.filter((slice) => slice.by === by);
    return members.length > 0 && html`<h3>${title}</h3><ul class="multiples">${members.map(card)}</ul>`;
  };
  return html`${group("slice", "By topic")}${group("rule", "By rule")}
<p class="soft"><i class="key-base hollow"></i>base and <i class="key-tuned"></i>tuned: share of cases passed in percent, with its 95 % Wilson interval, cases of one cluster taken as one. Greyed: fewer than ${FEW} clusters. Slices describe and do not decide: they were not announced as claims.</p>`;
}
