import type { LabelResult, LabelScores } from "../../evaluate/label-results.ts";
import { percent } from "../../formats/percent.ts";
import { CONTESTANTS } from "../../task/schema.ts";
import { html, type Markup } from "../markup.ts";

const CONFUSIONS_SHOWN = 20;

const NAMES = {
  base: "Base, untrained head",
  tuned: "Tuned",
  lookup: "Lookup",
  prompted: "Prompted",
  tfidf: "TF-IDF",
};

/** Scores of each label, confusions and calibration. Undefined where no case has a label. */
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
${confusions(tuned)}${calibrationTable(tuned)}`;
}

function confusions({ confusions }: LabelScores): Markup | false {
  return (
    confusions.length > 0 &&
    html`<div class="scroll"><table><caption>What the tuned model confuses${confusions.length > CONFUSIONS_SHOWN && html`, the ${CONFUSIONS_SHOWN} most frequent of ${confusions.length}`}</caption>
<thead><tr><th scope="col">Right</th><th scope="col">Said</th><th scope="col" class="number">Cases</th></tr></thead>
<tbody>${confusions.slice(0, CONFUSIONS_SHOWN).map(({ truth, predicted, n }) => html`<tr><td dir="auto">${truth}</td><td dir="auto">${predicted}</td><td class="number">${n}</td></tr>`)}</tbody></table></div>`
  );
}

function calibrationTable({ calibration }: LabelScores): Markup | false | undefined {
  return (
    calibration &&
    html`<div class="scroll"><table><caption>How sure the tuned model is, and how often it is right</caption>
<thead><tr><th scope="col" class="number">Cases</th><th scope="col" class="number">Mean probability</th><th scope="col" class="number">Right</th></tr></thead>
<tbody>${calibration.bins.map(({ n, confidence, accuracy }) => html`<tr><td class="number">${n}</td><td class="number">${percent(confidence)}</td><td class="number">${percent(accuracy)}</td></tr>`)}</tbody></table></div>`
  );
}
