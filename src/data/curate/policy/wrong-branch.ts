import type { Exchange } from "../text/exchanges.ts";
import { numbersIn } from "../text/numbers.ts";
import { negates } from "../text/stance.ts";
import { comparable, type Statement, sameValue, statementsOf } from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import { weekdaysOf } from "../text/weekdays.ts";
import { clauseAround, statedElsewhere } from "./quantity-context.ts";
import type { Candidate, PolicyContradiction } from "./relevance.ts";

/**
 * The answer gives what another part of the rule gives: £25 on a Saturday where it says "£25 on working days; on weekends nobody can",
 * the price of the large unit for the small one. The parts differ in their days or in their terms, and question and answer name
 * those of one part and the quantity of another.
 */
export function wrongBranch(
  key: string,
  values: readonly Statement[],
  compared: readonly Candidate[],
  ruled: readonly Candidate[],
  exchange: Exchange,
): PolicyContradiction | undefined {
  const { turn, answer } = exchange;
  if (negates(answer)) return undefined;
  const asked = weekdaysOf(turn);
  const context = markersOf(`${turn} ${clauseAround(values[0]!, answer)}`, key);
  for (const rule of new Set(compared.map(({ clause }) => clause.rule))) {
    const elsewhere = ruled.filter(({ clause }) => clause.rule !== rule);
    if (values.some((value) => statedElsewhere(key, value, elsewhere, ruled[0]!.relevance, exchange)))
      continue;
    const parts = rule.text
      .replace(/\([^)]*\)/g, "")
      .split(/[;,.:] | (?:and|but) /)
      .map((text) => ({
        text: text.trim(),
        days: weekdaysOf(text),
        terms: [...markersOf(text, key)],
        said: statementsOf(text).get(key) ?? [],
      }));
    const given = parts.filter(({ said }) =>
      values.every((value) => said.some((ruled) => sameValue(value, ruled))),
    );
    const [other] = given;
    if (other === undefined || given.length > 1) continue;
    const own = (part: (typeof parts)[number], than: (typeof parts)[number]): string[] =>
      part.terms.filter((term) => !than.terms.includes(term));
    const right = parts.find((part) => {
      if (part === other) return false;
      if (asked.size > 0 && other.days.size > 0 && part.days.size > 0)
        return [...asked].every((day) => part.days.has(day) && !other.days.has(day));
      const [mine, theirs] = [own(part, other), own(other, part)];
      return (
        part.said.some(({ role }) => comparable(role, values[0]!.role)) &&
        theirs.length > 0 &&
        mine.length > 0 &&
        mine.filter((term) => context.has(term)).length * 2 >= mine.length &&
        !theirs.some((term) => context.has(term))
      );
    });
    if (right !== undefined)
      return {
        rule,
        evidence: `says ${JSON.stringify(values[0]!.words)}, against ${rule.id} of the policy: ${JSON.stringify(right.text)}`,
        confidence: "possible",
      };
  }
  return undefined;
}

/** By what a part of a rule is known from another: its terms of weight, and its numbers but for those of the dimension that is compared. */
function markersOf(text: string, key: string): Set<string> {
  const said = statementsOf(text);
  const quantities = [...(said.get(key) ?? [])].flatMap(({ words }) => numbersIn(words));
  return new Set([
    ...[...termsOf(text)].filter((term) => termWeight(term) === 1),
    ...numbersIn(text)
      .filter((n) => !quantities.includes(n))
      .map(String),
  ]);
}
