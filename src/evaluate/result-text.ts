import { percent } from "../formats/percent.ts";
import type { CriterionResult } from "./decide.ts";

/** A score as people read it: percent, or nats per token. */
export function scoreText(criterion: CriterionResult, value: number): string {
  return criterion.scorer === "cross-entropy" ? `${value.toFixed(3)} nat` : percent(value);
}

/** A difference in the same unit, signed unless it rounds to nothing: percentage points, or nats per token. */
export function differenceText(criterion: CriterionResult, value: number): string {
  const text =
    criterion.scorer === "cross-entropy" ? Math.abs(value).toFixed(3) : Math.abs(100 * value).toFixed(1);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** The p-value with the name of its test. */
export function pText(criterion: CriterionResult): string {
  const name = criterion.kind === "zero-new-failures" ? "McNemar p" : "p";
  return criterion.p < 0.001 ? `${name} < 0.001` : `${name} = ${criterion.p.toFixed(3)}`;
}

/** What the criterion asks of the difference. */
export function barText(criterion: CriterionResult): string {
  if (criterion.kind === "zero-new-failures") return "no new failure";
  const superior = criterion.kind === "superiority";
  return `above ${differenceText(criterion, superior ? criterion.margin : -criterion.margin)}`;
}

/** A criterion's numbers in one line. */
export function resultText(criterion: CriterionResult): string {
  const { difference, ci, broken } = criterion;
  if (criterion.kind === "zero-new-failures")
    return `${broken} ${broken === 1 ? "case" : "cases"} that the base passes ${broken === 1 ? "fails" : "fail"}`;
  const [low, high] = ci.map((end) => differenceText(criterion, end));
  return `${differenceText(criterion, difference)} (${low} to ${high}), ${barText(criterion)} was asked`;
}
