import { html, type Markup } from "../markup.ts";

/** The part of repair.json that the report shows. Losses are nats per supervised token on rows held out from training. */
export interface RepairSummary {
  readonly criterion: string;
  readonly budget: number;
  readonly aim: number;
  readonly general_rows: number;
  readonly base: { readonly domain: number; readonly general: number };
  readonly trials: readonly {
    readonly remedy: string;
    readonly step: number;
    readonly scale: number;
    readonly replay_share: number;
    readonly domain: number;
    readonly general: number;
  }[];
  /** Index of the trial that became the adapter. */
  readonly chosen: number;
  readonly outcome: "within budget" | "repaired" | "not repaired";
}

const SENTENCE: Record<RepairSummary["outcome"], string> = {
  "within budget": "The adapter kept general capability within its budget without repair.",
  repaired: "The adapter lost more general capability than its budget allows, and was repaired.",
  "not repaired":
    "The adapter lost more general capability than its budget allows, and no trial repaired it.",
};

/** Trials to keep general capability within its budget, and which of them became the adapter. */
export function repairSection({
  criterion,
  budget,
  aim,
  general_rows,
  base,
  trials,
  chosen,
  outcome,
}: RepairSummary): Markup {
  const signed = (value: number) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
  return html`<p>${SENTENCE[outcome]} The budget is ${budget} nat per token, of the criterion ${criterion}; ${Number(aim.toPrecision(3))} was aimed at, measured on ${general_rows} general texts that were held out of training and are no cases.</p>
<div class="scroll"><table><caption>Change of loss against the base, in nats per token, on held-out rows</caption>
<thead><tr><th scope="col">Remedy</th><th scope="col" class="number">Step</th><th scope="col" class="number">Scale</th><th scope="col" class="number">Replay share</th><th scope="col" class="number">Domain</th><th scope="col" class="number">General</th><th scope="col">Adapter</th></tr></thead>
<tbody>${trials.map(
    (trial, i) =>
      html`<tr><th scope="row">${trial.remedy}</th><td class="number">${trial.step}</td><td class="number">${trial.scale}</td><td class="number">${trial.replay_share}</td><td class="number">${signed(trial.domain - base.domain)}</td><td class="number">${signed(trial.general - base.general)}</td><td>${i === chosen && html`<b>✓ this one</b>`}</td></tr>`,
  )}</tbody></table></div>`;
}
