import { percent } from "../formats/percent.ts";
import type { CriterionResult } from "./decision/decide.ts";

const isEntropy = ({ scorer }: CriterionResult): boolean => scorer === "cross-entropy";

/** True for the kinds whose estimate is a difference; of the others it is a share. */
const comparesModels = ({ kind }: CriterionResult): boolean =>
  kind === "superiority" || kind === "non-inferiority";

/** A score as text: percent, or nats per token. */
export function scoreText(criterion: CriterionResult, value: number): string {
  return isEntropy(criterion) ? `${value.toFixed(3)} nat` : percent(value);
}

/** A difference in the same unit, signed unless it rounds to 0: percentage points, or nats per token. */
export function differenceText(criterion: CriterionResult, value: number): string {
  const text = isEntropy(criterion) ? Math.abs(value).toFixed(3) : Math.abs(100 * value).toFixed(1);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** A value on the scale of the criterion's estimate, bar and interval. */
export const estimateText = (criterion: CriterionResult, value: number): string =>
  comparesModels(criterion) ? differenceText(criterion, value) : scoreText(criterion, value);

/** The p-value. */
export function pText({ p }: CriterionResult): string {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
}

/** Requirement of the criterion. */
export function barText(criterion: CriterionResult): string {
  const bar = estimateText(criterion, criterion.bar);
  switch (criterion.kind) {
    case "zero-new-failures":
      return "no new failure";
    case "zero-failures":
      return "no failure";
    case "at-least":
      return `at least ${bar}`;
    case "at-most":
      return `at most ${bar}`;
    default:
      return `above ${bar}${criterion.against === undefined ? "" : ` over ${criterion.against.contestant}`}`;
  }
}

/** A criterion's numbers in one line. */
export function resultText(criterion: CriterionResult): string {
  const { estimate, ci, failures = 0 } = criterion;
  if (criterion.kind === "zero-new-failures")
    return `${failures} ${failures === 1 ? "case" : "cases"} that the base passes ${failures === 1 ? "fails" : "fail"}`;
  if (criterion.kind === "zero-failures")
    return `${failures} ${failures === 1 ? "case fails" : "cases fail"}`;
  const [low, high] = ci.map((end) => estimateText(criterion, end));
  return `${estimateText(criterion, estimate)} (${low} to ${high}), ${barText(criterion)} was asked`;
}
