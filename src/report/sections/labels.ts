import { dot, gridY, lineY, link, ruleX } from "@observablehq/plot";
import type { LabelResult, LabelScores } from "../../evaluate/label-results.ts";
import { percent } from "../../formats/percent.ts";
import { CONTESTANTS } from "../../task/schema.ts";
import { chart, fittedChart } from "../chart.ts";
import { html, type Markup } from "../markup.ts";

const CONFUSIONS_SHOWN = 20;

const NAMES = {
  base: "Base, untrained head",
  tuned: "Tuned",
  lookup: "Lookup",
  prompted: "Prompted",
  tfidf: "TF-IDF",
};

/** Scores of each label, confusions, calibration and hand-over. Undefined where no case has a label. */
export function labelsSection(results: readonly LabelResult[] = []): Markup | undefined {
  return results.length === 0 ? undefined : html`${results.map(packPart)}`;
}

function packPart({ pack, n, base, tuned, contestants }: LabelResult): Markup {
  const models = [
    { name: NAMES.base, scores: base },
    { name: NAMES.tuned, scores: tuned },
    ...CONTESTANTS.flatMap((key) => {
      const scores = contestants[key];
      return scores === undefined ? [] : [{ name: NAMES[key], scores }];
    }),
  ];
  return html`<h3>${pack}</h3><div class="scroll"><table><caption>${n} cases, each weighing one</caption>
<thead><tr><th scope="col">Model</th><th scope="col" class="number">Accuracy</th><th scope="col" class="number">Macro F1</th><th scope="col" class="number">Calibration error</th></tr></thead>
<tbody>${models.map(
    ({ name, scores }) =>
      html`<tr><th scope="row">${name}</th><td class="number">${percent(scores.accuracy)}</td><td class="number">${percent(scores.macro_f1)}</td><td class="number">${scores.calibration && percent(scores.calibration.ece)}</td></tr>`,
  )}</tbody></table></div>
<div class="scroll"><table><caption>The tuned model, label by label</caption>
<thead><tr><th scope="col">Label</th><th scope="col" class="number">Precision</th><th scope="col" class="number">Recall</th><th scope="col" class="number">F1</th><th scope="col" class="number">Cases</th></tr></thead>
<tbody>${tuned.labels.map(
    ({ label, precision, recall, f1, support }) =>
      html`<tr><th scope="row" dir="auto">${label}</th><td class="number">${percent(precision)}</td><td class="number">${percent(recall)}</td><td class="number">${percent(f1)}</td><td class="number">${support}</td></tr>`,
  )}</tbody></table></div>
${confusions(tuned)}${calibrationPart(tuned)}${handOverPart(tuned)}`;
}

function confusions({ confusions }: LabelScores): Markup | false {
  return (
    confusions.length > 0 &&
    html`<div class="scroll"><table><caption>What the tuned model confuses${confusions.length > CONFUSIONS_SHOWN && html`, the ${CONFUSIONS_SHOWN} most frequent of ${confusions.length}`}</caption>
<thead><tr><th scope="col">Right</th><th scope="col">Said</th><th scope="col" class="number">Cases</th></tr></thead>
<tbody>${confusions.slice(0, CONFUSIONS_SHOWN).map(({ truth, predicted, n }) => html`<tr><td dir="auto">${truth}</td><td dir="auto">${predicted}</td><td class="number">${n}</td></tr>`)}</tbody></table></div>`
  );
}

function calibrationPart({ calibration }: LabelScores): Markup | undefined {
  if (calibration === undefined) return undefined;
  const { bins, ece } = calibration;
  return html`<figure>${fittedChart((width) =>
    chart(`Reliability: ${bins.length} bins of probability, calibration error ${percent(ece)}`, {
      ...{ width, height: 240, marginLeft: 42 },
      x: { label: "mean probability", domain: [0, 1], tickFormat: "%" },
      y: { label: "share right", domain: [0, 1], tickFormat: "%" },
      marks: [
        gridY({ stroke: "var(--line)", strokeOpacity: 1 }),
        link([0], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: "var(--soft)", strokeDasharray: "2 3" }),
        lineY(bins, { x: "confidence", y: "accuracy", stroke: "var(--tuned)", strokeWidth: 2 }),
        dot(bins, { x: "confidence", y: "accuracy", r: "n", fill: "var(--tuned)", fillOpacity: 0.6 }),
      ],
      r: { range: [2, 9] },
    }),
  )}<figcaption>Reliability of the tuned model: area of a dot by its number of cases; a calibrated model is on the dashed line, an overconfident one below it.</figcaption></figure>
<div class="scroll"><table><caption>How sure the tuned model is, and how often it is right</caption>
<thead><tr><th scope="col" class="number">Cases</th><th scope="col" class="number">Mean probability</th><th scope="col" class="number">Right</th></tr></thead>
<tbody>${bins.map(({ n, confidence, accuracy }) => html`<tr><td class="number">${n}</td><td class="number">${percent(confidence)}</td><td class="number">${percent(accuracy)}</td></tr>`)}</tbody></table></div>`;
}

function handOverPart({ abstention }: LabelScores): Markup | undefined {
  if (abstention === undefined) return undefined;
  const { chosen, cheapest, calibrated, curve } = abstention;
  const points = [
    { name: "Never", ...curve[0]! },
    { name: "As the task has it", ...chosen },
    { name: "Cheapest on these cases", ...cheapest },
  ];
  return html`<div class="curves"><figure>${fittedChart((width) =>
    chart(
      `Error over coverage; at the task's threshold ${percent(chosen.coverage)} kept${chosen.error === null ? "" : `, ${percent(chosen.error)} of them wrong`}`,
      {
        ...{ width, height: 240, marginLeft: 42 },
        x: { label: "share kept", domain: [0, 1], tickFormat: "%" },
        y: { label: "share wrong of those kept", tickFormat: "%", nice: true, zero: true },
        marks: [
          gridY({ stroke: "var(--line)", strokeOpacity: 1 }),
          lineY(
            curve.filter(({ error }) => error !== null),
            { x: "coverage", y: "error", stroke: "var(--tuned)", strokeWidth: 2 },
          ),
          chosen.error === null
            ? null
            : dot([chosen], { x: "coverage", y: "error", fill: "var(--tuned)", r: 5 }),
        ],
      },
    ),
  )}<figcaption>Error of the labels that are kept over the share that is kept; the dot is the task's threshold.</figcaption></figure>
<figure>${chart(`Cost by threshold; ${chosen.cost.toFixed(3)} at ${chosen.below}`, {
    ...{ width: 330, height: 240, marginLeft: 42 },
    x: { label: "handed over below", domain: [0, 1] },
    y: { label: "cost of a case", nice: true, zero: true },
    marks: [
      gridY({ stroke: "var(--line)", strokeOpacity: 1 }),
      lineY(curve, { x: "below", y: "cost", stroke: "var(--tuned)", strokeWidth: 2 }),
      ruleX([chosen.below], { stroke: "var(--soft)", strokeDasharray: "2 3" }),
    ],
  })}<figcaption>Mean cost of a case by threshold; dashed: the task's.</figcaption></figure></div>
<div class="scroll"><table><caption>Hand-over by the tuned model's probability. The cheapest threshold was chosen on these cases, so its cost is optimistic; for a calibrated model the cheapest is ${calibrated.toFixed(2)}.</caption>
<thead><tr><th scope="col">Threshold</th><th scope="col" class="number">Below</th><th scope="col" class="number">Kept</th><th scope="col" class="number">Wrong of those</th><th scope="col" class="number">Cost of a case</th></tr></thead>
<tbody>${points.map(({ name, below, coverage, error, cost }) => html`<tr><th scope="row">${name}</th><td class="number">${below}</td><td class="number">${percent(coverage)}</td><td class="number">${error === null ? "–" : percent(error)}</td><td class="number">${cost.toFixed(3)}</td></tr>`)}</tbody></table></div>`;
}
