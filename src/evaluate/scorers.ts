import type { Criterion, StyleRule } from "../task/schema.ts";
import type { Answered } from "./answer-row.ts";
import type { Case } from "./cases.ts";
import { styleFailure } from "./checks/conduct.ts";

/** Named in the lock: raise it when any check or scorer judges differently than before. */
export const SCORER_VERSION = "2";

/** Scorers that take a case's own score. */
const WHOLE: ReadonlySet<string> = new Set(["checks", "cross-entropy", "minimal-pairs"]);

/** Whether a criterion's scorer has something to say about a case. */
export function suits(scorer: Criterion["scorer"], { body }: Case): boolean {
  if (scorer === "cross-entropy") return body.kind === "text";
  if (scorer === "minimal-pairs") return body.kind === "pair";
  if (body.kind !== "chat") return false;
  if (scorer === "checks") return true;
  if (scorer === "no-hand-over") return body.checks.some(({ kind }) => kind !== "choice");
  return body.checks.some(({ kind }) => kind === scorer);
}

/**
 * What a criterion makes of an answer: the style rule alone where it names one, the case's own score for checks, cross-entropy (nats per
 * token, lower is better) and minimal-pairs, else the answer's score under the scorer's name (0 to 1, higher is better).
 */
export function scoreOf(criterion: Criterion, answer: Answered, style: readonly StyleRule[]): number {
  if (criterion.style !== undefined) {
    const rule = style.find(({ name }) => name === criterion.style)!;
    return styleFailure(rule, answer.output ?? "") === undefined ? 1 : 0;
  }
  return WHOLE.has(criterion.scorer) ? answer.score : answer.scores![criterion.scorer]!;
}
