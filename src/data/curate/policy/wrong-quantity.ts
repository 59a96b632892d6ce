import type { Exchange } from "../text/exchanges.ts";
import { numbersIn } from "../text/numbers.ts";
import { sentences } from "../text/stance.ts";
import { comparable, type Statement, sameValue } from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import { minutesOf } from "../text/times.ts";
import { clauseAround, statedElsewhere, wordsAround } from "./quantity-context.ts";
import { type Candidate, MARGIN, type PolicyContradiction, RELEVANT, type Reading } from "./relevance.ts";
import type { RuleClause } from "./rule-clauses.ts";
import { wrongBranch } from "./wrong-branch.ts";

/** A quantity of the answer that the rule which it is about does not have. */
export function wrongQuantity(
  reading: Reading,
  candidates: readonly Candidate[],
  tagged: boolean,
): PolicyContradiction | undefined {
  const { said, exchange } = reading;
  const top = candidates[0];
  const charged = chargesWhereFree(reading, candidates);
  if (charged !== undefined) return charged;
  for (const [key, values] of said) {
    const ruled = candidates.filter(({ clause }) => clause.statements.has(key));
    const best = ruled[0];
    if (best === undefined || top === undefined) continue;
    // Another rule is the matter, and it says nothing of this dimension.
    const elsewhere =
      !tagged && top.clause.rule !== best.clause.rule && top.relevance > best.relevance + MARGIN;
    const about = ruled.filter(({ relevance }) => tagged || relevance > best.relevance - MARGIN);
    for (const value of values) {
      if (ofTheCase(value, exchange) || (value.value === 0 && !tagged)) continue;
      const acting = ruled.filter(({ clause }) => sharesAction(value, clause, exchange.answer));
      const close = best.relevance * aboutness(value, best.clause, exchange.answer);
      const byMatter =
        !elsewhere &&
        (close >= (tagged ? 0 : RELEVANT.quantity) || sharesWords(value, best.clause, exchange.answer));
      const byAction =
        acting.length > 0 &&
        (top.relevance < RELEVANT.sure || acting.some(({ clause }) => clause.rule === top.clause.rule));
      if (!byMatter && !byAction) continue;
      const compared = byMatter ? about : acting;
      const stated = compared.flatMap(({ clause }) => clause.rule.statements.get(key) ?? []);
      if (values.some((other) => stated.some((right) => sameValue(other, right)))) {
        const branch = wrongBranch(key, values, compared, ruled, exchange);
        if (branch === undefined) continue;
        return branch;
      }
      if (!tagged && statedElsewhere(key, value, ruled, best.relevance, exchange)) continue;
      const { clause } = compared[0]!;
      const rules = clause.statements.get(key)!;
      const right = rules.find(
        ({ role, per, value: own }) =>
          comparable(value.role, role) &&
          (per === undefined || value.per === undefined || per === value.per) &&
          commensurable(value.value, own, close >= RELEVANT.sure),
      );
      if (right === undefined || derived(key, value, stated, reading, candidates)) continue;
      if (value.value === 0 && clause.conditional) continue;
      const onlyRule = byMatter && byAction && new Set(acting.map(({ clause }) => clause.rule)).size === 1;
      const sure =
        byMatter &&
        (tagged || (close >= RELEVANT.sure && byAction)) &&
        clause.rule.statements.get(key)!.length === 1 &&
        values.length === 1 &&
        value.role === right.role &&
        clause.exceptions.size === 0 &&
        !clause.conditional;
      return {
        rule: clause.rule,
        evidence: `says ${JSON.stringify(value.words)} where ${clause.rule.id} of the policy says ${JSON.stringify(right.words)}`,
        confidence: sure ? "sure" : onlyRule ? "likely" : "possible",
      };
    }
  }
  return undefined;
}

/** Share of a clause's terms that a sentence names which says the opposite of it. */
const SAME_MATTER = 0.6;

/** A fee in the answer for what a clause calls free, both in the same words. */
function chargesWhereFree(
  { said, exchange }: Reading,
  candidates: readonly Candidate[],
): PolicyContradiction | undefined {
  const fees = [...(said.get("money") ?? []), ...(said.get("percent") ?? [])];
  if (fees.some(({ value }) => value === 0)) return undefined;
  for (const sentence of sentences(exchange.answer)) {
    const fee = fees.find(({ words }) => sentence.includes(words));
    if (fee === undefined || !/\b(?:fee|charge[sd]?|cost|costs|deduct\w*|surcharge)\b/i.test(sentence))
      continue;
    const named = termsOf(sentence);
    for (const { clause } of candidates) {
      const free = clause.statements.get("money")?.find(({ value }) => value === 0);
      const matter = [...clause.terms].filter(([term, weight]) => weight === 1 && termWeight(term) === 1);
      const shared = matter.filter(([term]) => named.has(term)).length;
      if (free === undefined || shared < 2 || shared < SAME_MATTER * matter.length) continue;
      return {
        rule: clause.rule,
        evidence: `says ${JSON.stringify(fee.words)} where ${clause.rule.id} of the policy says ${JSON.stringify(free.words)}`,
        confidence: "possible",
      };
    }
  }
  return undefined;
}

/** What shops do with customers: an answer and a rule that name the same of these, with quantities of one kind, speak of the same. */
const ACTIONS = new Set(
  "return refund exchange cancel warranty deliver deposit discount collect book".split(" "),
);

/** True if the answer's clause with a quantity names an action of the rule's clause, and not as that of somebody else. */
function sharesAction(value: Statement, { terms }: RuleClause, answer: string): boolean {
  return (
    clauseAround(value, answer).search(/\b(?:he|she)\b/i) < 0 &&
    wordsAround(value, answer).some((term) => ACTIONS.has(term) && terms.has(term))
  );
}

/** True if most of the answer's words around a quantity are the clause's: "a photo within 7 days of delivery". */
function sharesWords(value: Statement, { terms, text }: RuleClause, answer: string): boolean {
  const around = wordsAround(value, answer).filter((term) => termWeight(term) === 1);
  const shared = around.filter((term) => terms.get(term) === 1).length;
  // "3 to 5 days in Ireland and 5 to 8 in France": a number whose unit is left out.
  const figure = numbersIn(value.words)[0];
  return (
    shared >= 2 &&
    shared >= SAME_MATTER * around.length &&
    !(figure !== undefined && numbersIn(text).includes(figure))
  );
}

/** 1 if the answer's words around a quantity are those of the clause, or say nothing of their own; less if they name another matter. */
function aboutness(value: Statement, { terms }: RuleClause, answer: string): number {
  const around = wordsAround(value, answer);
  const own = around.filter((term) => !terms.has(term));
  return around.length > own.length || own.length === 0 ? 1 : 0.6;
}

/** Ratio of two quantities from which on they measure another matter, hours against months: by whether the matter is sure. */
const APART = { sure: 100, unsure: 12 };

function commensurable(a: Statement["value"], b: Statement["value"], sure: boolean): boolean {
  return (
    typeof a === "string" ||
    typeof b === "string" ||
    a === 0 ||
    b === 0 ||
    Math.max(a / b, b / a) < (sure ? APART.sure : APART.unsure)
  );
}

/** A number that the customer brought up, or that tells of the case and not of a rule. */
function ofTheCase(value: Statement, { question }: Exchange): boolean {
  if (value.role === "elapsed") return true;
  const figure = /[\p{L}\p{N}.,]+/u.exec(value.words.replace(/^[^\p{L}\p{N}]+/u, ""))?.[0].toLowerCase();
  if (
    figure !== undefined &&
    new RegExp(`(?<![\\w.,])${figure.replace(/[.]/g, "\\.")}(?![\\w])`, "i").test(question)
  )
    return true;
  return false;
}

/** A number that follows from the rule's numbers and those of the case: n pieces, what is left, the sum of two rules, a share. */
function derived(
  key: string,
  { value, words }: Statement,
  stated: readonly Statement[],
  { asked, said, exchange }: Reading,
  candidates: readonly Candidate[],
): boolean {
  if (typeof value === "string") return key === "time" && derivedTime(value, stated, candidates);
  if (value === 0) return false;
  const near = (x: number): boolean => x > 0 && Math.abs(x - value) <= 0.005 * value;
  const rules = stated.flatMap((statement) => (typeof statement.value === "number" ? [statement.value] : []));
  const texts = `${exchange.question} ${exchange.answer}`;
  const terms = termsOf(texts);
  for (const { clause } of candidates)
    if ([...clause.terms.keys()].some((term) => termWeight(term) === 1 && terms.has(term)))
      for (const { value: ruled, words: as } of clause.statements.get(key) ?? [])
        if (typeof ruled === "number" && /\b(?:each|an?|per|every)\b/i.test(as)) rules.push(ruled);
  // The quantity's own figure makes nothing of a rule's 24 hours: "5 days" is not five times one day.
  const own = numbersIn(texts).indexOf(numbersIn(words)[0]!);
  const counts = numbersIn(texts).filter((n, i) => n >= 2 && i !== own);
  const same = [asked, said].flatMap((statements) =>
    (statements.get(key) ?? []).flatMap((statement) =>
      typeof statement.value === "number" && statement.value !== value ? [statement.value] : [],
    ),
  );
  if (rules.some((rule) => counts.some((n) => near(rule * n) || counts.some((m) => near(rule * n * m)))))
    return true;
  if (same.some((x) => counts.some((n) => near(x * n) || counts.some((m) => near(x * n * m))))) return true;
  if (rules.some((rule) => same.some((x) => near(Math.abs(rule - x)) || near(rule + x)))) return true;
  if (key === "money") {
    if (rules.some((a, i) => rules.some((b, j) => i !== j && near(a + b)))) return true;
    const shares = candidates.flatMap(({ clause, relevance }) =>
      relevance < RELEVANT.elsewhere
        ? []
        : (clause.statements.get("percent") ?? []).map((share) => Number(share.value)),
    );
    if (/%|per ?cent/.test(texts) || shares.length > 0)
      return [...counts, ...shares].some((share) =>
        [...same, ...rules].some((x) => near((x * share) / 100) || near((x * (100 - share)) / 100)),
      );
  }
  return false;
}

/** A time of day that is a rule's time less or plus a length of time in the same rule: "an hour before closing at 9 p.m." */
function derivedTime(said: string, stated: readonly Statement[], candidates: readonly Candidate[]): boolean {
  const lengths = candidates.flatMap(({ clause: { rule } }) =>
    stated.some((time) => rule.statements.get("time")?.includes(time))
      ? (rule.statements.get("day") ?? []).map(({ value }) => Number(value) * 1440)
      : [],
  );
  return stated.some(
    ({ value }) =>
      typeof value === "string" &&
      lengths.some((length) => Math.abs(Math.abs(minutesOf(value) - minutesOf(said)) - length) < 1),
  );
}
