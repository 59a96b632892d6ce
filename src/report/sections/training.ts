import { dot, gridY, lineY, ruleX, text, windowY } from "@observablehq/plot";
import { chart, fittedChart } from "../chart.ts";
import { html, type Markup } from "../markup.ts";
import type { TrainingPoint } from "../metrics.ts";

/** Steps over which the thick training curve is averaged: a fiftieth of the run. */
const smoothingOf = (steps: number): number => Math.max(1, Math.round(steps / 50));

type Curve = "train_loss" | "valid_loss" | "gradient_norm" | "learning_rate";

/** Steps at which a curve has a finite value. */
function curveOf(points: readonly TrainingPoint[], key: Curve): { step: number; value: number }[] {
  return points.flatMap((point) => {
    const value = point[key];
    return value !== undefined && Number.isFinite(value) ? [{ step: point.step, value }] : [];
  });
}

/** Loss, learning rate and gradient norm over the optimizer steps. Undefined without two losses. */
export function trainingSection(points: readonly TrainingPoint[]): Markup | undefined {
  const [train, validation] = [curveOf(points, "train_loss"), curveOf(points, "valid_loss")];
  if (train.length + validation.length < 2) return undefined;
  const best = validation.reduce<(typeof validation)[number] | undefined>(
    (low, point) => (low === undefined || point.value < low.value ? point : low),
    undefined,
  );
  const first = validation[0];
  const course =
    best !== undefined && first !== undefined
      ? `Validation loss went from ${first.value.toFixed(3)} at step ${first.step} to its lowest, ${best.value.toFixed(3)}, at step ${best.step}; the adapter is that of this step.`
      : "No validation was made.";
  return html`<p>${course}</p>
<div class="curves"><figure>${fittedChart((width) => lossChart(train, validation, best, width))}
<figcaption><i class="key-base"></i>training loss, thin by step and thick as a running mean; <i class="key-tuned"></i>validation loss. Nats per supervised token over optimizer steps; where general text is replayed, the training loss is over it too and the validation loss is not.</figcaption></figure>
${smallCurve("Learning rate", curveOf(points, "learning_rate"))}${smallCurve("Gradient norm, before clipping", curveOf(points, "gradient_norm"))}</div>`;
}

type Points = ReturnType<typeof curveOf>;

function lossChart(
  train: Points,
  validation: Points,
  best: Points[number] | undefined,
  width: number,
): Markup {
  const label = `Loss over ${Math.max(...[...train, ...validation].map(({ step }) => step))} steps${best === undefined ? "" : `; lowest validation loss ${best.value.toFixed(3)} at step ${best.step}`}`;
  const at = { x: "step", y: "value" };
  return chart(label, {
    width,
    height: 300,
    marginLeft: 38,
    x: { label: "step" },
    y: { label: "nats per token", nice: true },
    marks: [
      gridY({ stroke: "var(--line)", strokeOpacity: 1 }),
      lineY(train, { ...at, stroke: "var(--base)", strokeWidth: 0.75, strokeOpacity: 0.45 }),
      lineY(
        train,
        windowY({ k: smoothingOf(train.length) }, { ...at, stroke: "var(--base)", strokeWidth: 2 }),
      ),
      lineY(validation, { ...at, stroke: "var(--tuned)", strokeWidth: 2.5 }),
      dot(validation, { ...at, fill: "var(--tuned)", r: 2.5 }),
      best === undefined ? null : ruleX([best.step], { stroke: "var(--soft)", strokeDasharray: "2 3" }),
      best === undefined
        ? null
        : dot([best], { ...at, stroke: "var(--tuned)", strokeWidth: 2, fill: "var(--card)", r: 5 }),
      best === undefined
        ? null
        : text([best], {
            ...at,
            text: () => `lowest ${best.value.toFixed(3)}`,
            dy: -14,
            dx: -8,
            textAnchor: "end",
            fill: "var(--ink)",
            stroke: "var(--card)",
            strokeWidth: 3,
          }),
    ],
  });
}

function smallCurve(title: string, points: Points): Markup | undefined {
  if (points.length < 2) return undefined;
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toPrecision(3));
  return html`<figure>${chart(`${title} over the steps, between ${least} and ${most}`, {
    width: 330,
    height: 140,
    marginLeft: 48,
    x: { label: "step", ticks: 5 },
    y: { label: null, ticks: 4, nice: true, zero: true },
    marks: [
      gridY({ ticks: 4, stroke: "var(--line)", strokeOpacity: 1 }),
      lineY(points, { x: "step", y: "value", stroke: "var(--ink)", strokeWidth: 1.25 }),
    ],
  })}<figcaption>${title}: ${least} to ${most}.</figcaption></figure>`;
}
