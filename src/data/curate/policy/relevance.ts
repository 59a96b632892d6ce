import type { Exchange } from "../text/exchanges.ts";
import { sentences } from "../text/stance.ts";
import { type Statements, sameValue, statementsOf } from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import type { RuleText } from "./policy.ts";
import type { RuleClause } from "./rule-clauses.ts";

/** Relevance of a rule's clause to an exchange from which on its quantities, or its permission, are compared. */
export const RELEVANT = {
  quantity: 0.4,
  permission: 0.5,
  named: 0.3,
  sure: 0.6,
  elsewhere: 0.35,
  sameRate: 0.1,
};
/** A rule that is this much more relevant than another is the one that the exchange is about. */
export const MARGIN = 0.15;

/** An exchange's answer against a rule that it is about. */
export interface PolicyContradiction {
  readonly rule: RuleText;
  readonly evidence: string;
  /** Sure: matter, quantity and role leave no doubt. Likely: only this rule has such a quantity for the action. */
  readonly confidence: "sure" | "likely" | "possible";
}

/** An exchange as terms and quantities. */
export interface Reading {
  readonly exchange: Exchange;
  readonly questionTerms: ReadonlySet<string>;
  readonly terms: ReadonlySet<string>;
  /** Terms of the last turn and of the answer's opening. */
  readonly latest: ReadonlySet<string>;
  readonly asked: Statements;
  readonly said: Statements;
}

/** A clause of the policy and how relevant it is to an exchange, 0 to 1. */
export interface Candidate {
  readonly clause: RuleClause;
  readonly relevance: number;
}

export function read(exchange: Exchange): Reading {
  const questionTerms = termsOf(exchange.question);
  return {
    exchange,
    questionTerms,
    terms: new Set([...questionTerms, ...termsOf(exchange.answer)]),
    latest: new Set([...termsOf(exchange.turn), ...termsOf(sentences(exchange.answer)[0] ?? "")]),
    asked: statementsOf(exchange.question),
    said: statementsOf(exchange.answer),
  };
}

/** The share of terms, weighted by their rarity and by what they say alone, that a text names: 0 to 1; 0 of none. */
export type Coverage = (terms: Iterable<string>, named: { has(term: string): boolean }) => number;

export function coverageBy(rare: (term: string) => number): Coverage {
  return (terms, named) => {
    let [all, shared] = [0, 0];
    for (const term of terms) {
      const weight = rare(term) * termWeight(term);
      all += weight;
      if (named.has(term)) shared += weight;
    }
    return all === 0 ? 0 : shared / all;
  };
}

export type Relevance = (clause: Pick<RuleClause, "terms">, terms: ReadonlySet<string>) => number;

/** The share of a clause's terms, weighted by their rarity among rules and exchanges, that a text names. */
export function relevanceBy(weight: (term: string) => number): Relevance {
  return ({ terms }, named) => {
    let [shared, all] = [0, 0];
    for (const [term, own] of terms) {
      const value = own * weight(term);
      all += value;
      if (named.has(term)) shared += value;
    }
    return all === 0 ? 0 : shared / all;
  };
}

/** ln((2 + N) / (1 + n)) of a term in n of N texts. */
export function rarity(texts: readonly Iterable<string>[]): (term: string) => number {
  const frequency = new Map<string, number>();
  for (const terms of texts)
    for (const term of new Set(terms)) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  return (term) => Math.log((2 + texts.length) / (1 + (frequency.get(term) ?? 0)));
}

/** Exchanges that say what a clause says, by which an exchange in other words is known to be about it. */
export function supporters(
  clauses: readonly RuleClause[],
  readings: readonly Reading[],
  relevance: Relevance,
) {
  const weight = rarity(readings.map(({ questionTerms }) => questionTerms));
  const byClause = new Map(
    clauses.map((clause) => [
      clause,
      readings.filter(
        ({ said, terms }) =>
          [...clause.statements].some(([key, values]) =>
            said.get(key)?.some((value) => values.some((ruled) => sameValue(value, ruled))),
          ) && relevance(clause, terms) >= 0.3,
      ),
    ]),
  );
  const mass = (terms: Iterable<string>): number => {
    let sum = 0;
    for (const term of terms) sum += weight(term);
    return sum;
  };
  return {
    rows: new Set([...byClause.values()].flat().map(({ exchange }) => exchange.row)),
    /** Weighted Jaccard similarity of the questions, of the nearest supporter. */
    likeness(clause: RuleClause, reading: Reading): number {
      let best = 0;
      for (const other of byClause.get(clause)!) {
        if (other.exchange.row === reading.exchange.row) continue;
        const shared = mass([...reading.questionTerms].filter((term) => other.questionTerms.has(term)));
        const union = mass(new Set([...reading.questionTerms, ...other.questionTerms]));
        if (union > 0) best = Math.max(best, shared / union);
      }
      return best;
    },
  };
}
