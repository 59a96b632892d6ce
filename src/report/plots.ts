import type { CriterionResult } from "../evaluate/decide.ts";
import { barText, differenceText } from "../evaluate/table.ts";
import { html, type Markup } from "./markup.ts";

const fixed = (value: number) => Number(value.toFixed(2));

/** Scale that maps [low, high] to [0, width]. */
function scale(low: number, high: number, width: number): (value: number) => number {
  const span = high - low || 1;
  return (value) => fixed(((value - low) / span) * width);
}

/** The interval of a criterion's difference against zero, the bar that it must clear, and the planned effect. */
export function intervalPlot(criterion: CriterionResult, reach: number): Markup {
  const [width, middle] = [260, 14];
  const x = scale(-reach, reach, width);
  const [low, high] = criterion.ci;
  const bar = criterion.kind === "superiority" ? criterion.margin : -criterion.margin;
  const label =
    `difference ${differenceText(criterion, criterion.difference)}, ` +
    `interval ${differenceText(criterion, low)} to ${differenceText(criterion, high)}, asked: ${barText(criterion)}`;
  const line = (name: string, at: number) =>
    html`<line class="${name}" x1="${x(at)}" x2="${x(at)}" y1="2" y2="26"/>`;
  return html`<svg viewBox="-6 0 272 44" width="272" height="44" role="img" aria-label="${label}"><title>${label}</title>
<line class="axis" x1="0" x2="${width}" y1="${middle}" y2="${middle}"/>${line("zero", 0)}${line("bar", bar)}
${criterion.effect !== undefined && line("effect", criterion.effect)}
<line class="interval" x1="${x(low)}" x2="${x(high)}" y1="${middle}" y2="${middle}"/>
<circle class="point" cx="${x(criterion.difference)}" cy="${middle}" r="5"/>
<text x="0" y="40">${differenceText(criterion, -reach)}</text><text x="${x(0)}" y="40" text-anchor="middle">0</text>
<text x="${width}" y="40" text-anchor="end">${differenceText(criterion, reach)}</text></svg>`;
}

/** How far the axis of each criterion reaches: criteria in the same unit share one. */
export function reachOf(criteria: readonly CriterionResult[], of: CriterionResult): number {
  const unit = (criterion: CriterionResult) => criterion.scorer === "cross-entropy";
  const values = criteria
    .filter((criterion) => unit(criterion) === unit(of))
    .flatMap(({ ci, margin, effect, difference }) => [...ci, margin, effect ?? 0, difference]);
  const largest = Math.max(...values.map(Math.abs), 1e-9);
  const step = 10 ** Math.floor(Math.log10(largest));
  const reach = Math.ceil((1.05 * largest) / step) * step;
  return unit(of) ? reach : Math.min(reach, 1);
}

/** One row of metrics.jsonl, as far as the loss curve needs it: nats per token. */
export interface LossPoint {
  step: number;
  train_loss?: number;
  valid_loss?: number;
}

/** Training and validation loss over the steps, the lowest validation loss marked. Undefined without two points. */
export function lossCurve(points: readonly LossPoint[]): Markup | undefined {
  const series = (key: "train_loss" | "valid_loss") =>
    points.flatMap((point) => {
      const loss = point[key];
      return loss !== undefined && Number.isFinite(loss) ? [{ step: point.step, loss }] : [];
    });
  const [train, validation] = [series("train_loss"), series("valid_loss")];
  const all = [...train, ...validation];
  if (all.length < 2) return undefined;
  const [width, height] = [640, 220];
  const losses = all.map((point) => point.loss);
  const lastStep = Math.max(...all.map((point) => point.step));
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const x = scale(0, lastStep, width);
  const y = (loss: number) => fixed(height - ((loss - least) / (most - least || 1)) * height);
  const path = (of: typeof train) => of.map(({ step, loss }) => `${x(step)},${y(loss)}`).join(" ");
  const best = validation.reduce<(typeof train)[number] | undefined>(
    (low, point) => (low === undefined || point.loss < low.loss ? point : low),
    undefined,
  );
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return html`<figure style="margin:0"><svg viewBox="-44 -10 700 262" width="700" height="262" role="img" aria-label="loss over ${lastStep} steps">
${ticks.map((t) => {
  const loss = least + t * (most - least);
  return html`<line class="axis" x1="0" x2="${width}" y1="${y(loss)}" y2="${y(loss)}"/><text x="-8" y="${y(loss) + 4}" text-anchor="end">${loss.toFixed(2)}</text>`;
})}
${ticks.map((t) => html`<text x="${fixed(t * width)}" y="${height + 20}" text-anchor="middle">${Math.round(t * lastStep)}</text>`)}
<polyline class="train" points="${path(train)}"/><polyline class="validation" points="${path(validation)}"/>
${best !== undefined && html`<circle class="dot" cx="${x(best.step)}" cy="${y(best.loss)}" r="5"/>`}</svg>
<figcaption><span class="key-train">▬</span> training, <span class="key-validation">▬</span> validation; nats per token over optimizer steps${best !== undefined && `; the lowest validation loss is ${best.loss.toFixed(3)} at step ${best.step}`}.</figcaption></figure>`;
}
