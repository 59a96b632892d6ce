import type { Exchange } from "../text/exchanges.ts";
import { comparable, type Statement, sameValue } from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import { type Candidate, RELEVANT } from "./relevance.ts";

/** True if another clause that the exchange may be about has this very quantity. */
export function statedElsewhere(
  key: string,
  value: Statement,
  ruled: readonly Candidate[],
  best: number,
  { turn, answer }: Exchange,
): boolean {
  const asked = [...termsOf(turn)].filter((term) => termWeight(term) === 1);
  const around = wordsAround(value, answer);
  return ruled.some(({ clause, relevance }) =>
    clause.statements
      .get(key)!
      .some(
        (right) =>
          sameValue(value, right) &&
          comparable(value.role, right.role) &&
          ((asked.length > 0 && asked.every((term) => clause.terms.has(term))) ||
            around.some((term) => termWeight(term) === 1 && clause.terms.has(term)) ||
            (value.words.split(" ").length > 2 &&
              clause.text.toLowerCase().includes(value.words.toLowerCase())) ||
            relevance >=
              (value.per !== undefined && value.per === right.per
                ? RELEVANT.sameRate
                : Math.min(RELEVANT.elsewhere, 0.6 * best))),
      ),
  );
}

/** Terms of the clause in which an answer states a quantity. */
export function wordsAround(value: Statement, answer: string): string[] {
  return [...termsOf(clauseAround(value, answer))];
}

/** The clause of an answer in which a quantity is stated. */
export function clauseAround({ at }: Statement, answer: string): string {
  const start =
    Math.max(
      answer.lastIndexOf(". ", at),
      answer.lastIndexOf("; ", at),
      answer.lastIndexOf(", but ", at),
      answer.lastIndexOf("! ", at),
    ) + 1;
  const rest = answer.slice(at).search(/[.;!?](?:\s|$)|, (?:but|and) /);
  return answer.slice(start, rest < 0 ? undefined : at + rest);
}
