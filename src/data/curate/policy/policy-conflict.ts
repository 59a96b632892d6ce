import type { TrainingRow } from "../../row-format.ts";
import { exchangesOf } from "../text/exchanges.ts";
import { factsOf } from "./facts.ts";
import { type PolicyText, rulesOf } from "./policy.ts";
import {
  type Candidate,
  coverageBy,
  type PolicyContradiction,
  rarity,
  read,
  relevanceBy,
  supporters,
} from "./relevance.ts";
import { ruleClauses } from "./rule-clauses.ts";
import { wrongClaim } from "./wrong-claim.ts";
import { wrongQuantity } from "./wrong-quantity.ts";

export interface Ruling {
  readonly against: ReadonlyMap<TrainingRow, PolicyContradiction>;
  /** Rows that state what a relevant rule states. */
  readonly upheld: ReadonlySet<TrainingRow>;
}

/**
 * Rows whose answer contradicts the rule that it is about: another quantity in the same role, or the opposite permission. A rule
 * is the matter of an exchange by the share of its terms, weighted by their rarity, that question and answer name; rows that say
 * what the rule says teach which questions are about it. Rows that name their rules (in a field `rule`, or by id in the answer)
 * are held to those.
 */
export function againstPolicy(rows: readonly TrainingRow[], policy: PolicyText): Ruling {
  const found = new Map<TrainingRow, PolicyContradiction>();
  if (policy.length === 0) return { against: found, upheld: new Set() };
  const readings = rows.flatMap((row) => ("text" in row.content ? [] : exchangesOf(row).map(read)));
  const clauses = ruleClauses(policy);
  const rare = rarity([...clauses.map(({ terms }) => terms.keys()), ...readings.map(({ terms }) => terms)]);
  const [relevance, cover] = [relevanceBy(rare), coverageBy(rare)];
  const facts = new Map(clauses.map((clause) => [clause, factsOf(clause)]));
  const taught = supporters(clauses, readings, relevance);
  for (const reading of readings) {
    const { row } = reading.exchange;
    if (found.has(row)) continue;
    const tagged = rulesOf(row, policy);
    const candidates = clauses
      .filter(({ rule }) => tagged.length === 0 || tagged.includes(rule))
      .map((clause): Candidate => {
        const own = relevance(clause, reading.terms);
        return { clause, relevance: 1 - (1 - own) * (1 - 0.8 * taught.likeness(clause, reading)) };
      })
      .sort((a, b) => b.relevance - a.relevance);
    const wrong =
      wrongQuantity(reading, candidates, tagged.length > 0) ??
      wrongClaim(
        reading,
        candidates.flatMap(({ clause, relevance }) =>
          facts.get(clause)!.map((fact) => ({ fact, relevance })),
        ),
        cover,
      );
    if (wrong !== undefined) found.set(row, wrong);
  }
  return { against: found, upheld: taught.rows };
}
