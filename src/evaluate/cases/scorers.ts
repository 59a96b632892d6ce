import type { Criterion, StyleRule } from "../../task/schema.ts";
import { defectOf } from "../answers/answer-defect.ts";
import type { Answered } from "../answers/answer-row.ts";
import { styleFailure } from "../checks/conduct.ts";

/** Recorded in the lock. Raised when any check or scorer judges differently than before. */
export const SCORER_VERSION = "4";

/** Scorers that take the case's own score. */
const WHOLE: ReadonlySet<string> = new Set(["checks", "accuracy", "cross-entropy", "minimal-pairs"]);

/**
 * Score of an answer under a criterion. With `style` 1 if the answer keeps that rule, else 0. For checks, accuracy, cross-entropy (nats per token,
 * lower is better) and minimal-pairs the case's own score. Otherwise the score under the scorer's name (0 to 1, higher is better).
 */
export function scoreOf(criterion: Criterion, answer: Answered, style: readonly StyleRule[]): number {
  if (criterion.style === undefined) {
    return WHOLE.has(criterion.scorer) ? answer.score : answer.scores![criterion.scorer]!;
  }
  const rule = style.find(({ name }) => name === criterion.style)!;
  const text = answer.output ?? "";
  const usable = answer.finish === "stop" && defectOf(text) === undefined;
  return usable && styleFailure(rule, text) === undefined ? 1 : 0;
}
