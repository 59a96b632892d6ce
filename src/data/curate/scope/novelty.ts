import { median, medianAbsoluteDeviation } from "simple-statistics";
import { termWeight } from "../text/terms.ts";

/** Terms of a question and of its answer. */
export interface AskedAndSaid {
  readonly asked: ReadonlySet<string>;
  readonly said: ReadonlySet<string>;
}

/** How much of an exchange nothing else in the task uses. */
export interface Novelty {
  /** Weighted share of the question's terms, 0 to 1. */
  readonly question: number;
  /** Weighted share of the answer's terms, 0 to 1. */
  readonly answer: number;
  /** Distance from the median of all exchanges, in deviations (1.4826 MAD). */
  readonly deviations: number;
  /** True if question and answer both have enough novel terms to be judged by these alone. */
  readonly ample: boolean;
}

/** Novelty of a term by the number of other exchanges that use it. */
const BY_USES = [1, 0.5, 0.25];
/** Added to the number of terms, so that a short exchange is not an outlier by one word. */
const PRIOR_TERMS = 2;
/** Novel terms from which on an exchange can be judged by them. */
const AMPLE = { asked: 1.5, said: 1.5 };
/** Deviation of a set whose exchanges are all alike, so that none is an outlier by a single word. */
const LEAST_DEVIATION = 0.05;

/**
 * One-class novelty: an exchange about something else uses words that occur in no other exchange and not in the task's own texts.
 * @param exchanges all that were answered; equal answers count once
 * @param own terms of policy and scope
 */
export function noveltyOf(
  exchanges: readonly AskedAndSaid[],
  own: ReadonlySet<string>,
): (exchange: AskedAndSaid) => Novelty {
  const uses = new Map<string, number>();
  const answers = new Set<string>();
  for (const { asked, said } of exchanges) {
    const answer = [...said].join(" ");
    if (answers.has(answer)) continue;
    answers.add(answer);
    for (const term of new Set([...asked, ...said])) uses.set(term, (uses.get(term) ?? 0) + 1);
  }
  const novelty = (term: string): number =>
    own.has(term) ? 0 : (BY_USES[Math.max(0, (uses.get(term) ?? 0) - 1)] ?? 0);
  const massOf = (terms: ReadonlySet<string>): { novel: number; all: number } => {
    let [novel, all] = [0, 0];
    for (const term of terms) {
      all += termWeight(term);
      novel += termWeight(term) * novelty(term);
    }
    return { novel, all };
  };
  const score = ({ asked, said }: AskedAndSaid): number =>
    (massOf(asked).novel + massOf(said).novel) / (asked.size + said.size + PRIOR_TERMS);
  const scores = exchanges.map(score);
  const middle = scores.length === 0 ? 0 : median(scores);
  const deviation = Math.max(
    LEAST_DEVIATION,
    scores.length === 0 ? 0 : 1.4826 * medianAbsoluteDeviation(scores),
  );
  return (exchange) => {
    const [question, answer] = [massOf(exchange.asked), massOf(exchange.said)];
    return {
      question: question.all === 0 ? 0 : question.novel / question.all,
      answer: answer.all === 0 ? 0 : answer.novel / answer.all,
      deviations: (score(exchange) - middle) / deviation,
      ample: question.novel >= AMPLE.asked && answer.novel >= AMPLE.said,
    };
  };
}
