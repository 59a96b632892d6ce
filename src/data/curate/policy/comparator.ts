import type { Claim } from "../text/claims.ts";
import type { Stance } from "../text/stance.ts";
import type { Fact } from "./facts.ts";
import type { Coverage, Reading } from "./relevance.ts";

/** A fact and the relevance of its clause to an exchange, 0 to 1. */
export interface RelevantFact {
  readonly fact: Fact;
  readonly relevance: number;
}

/** An exchange's answer as claims. */
export interface Answer {
  readonly reading: Reading;
  readonly claims: readonly Claim[];
  /** What its yes or no claims of the question. */
  readonly implied: Claim | undefined;
  /** Both. */
  readonly all: readonly Claim[];
  readonly stance: Stance | undefined;
  readonly facts: readonly RelevantFact[];
  readonly cover: Coverage;
}

/** The claim of an answer that contradicts a fact, if there is one. */
export type Comparator = (at: RelevantFact, answer: Answer) => Claim | undefined;
