import type { TrainingRow } from "../rows.ts";
import { handsOver } from "./hand-over.ts";
import { type Exchange, exchangesOf } from "./exchanges.ts";
import type { PolicyText, RuleText } from "./policy.ts";
import { rulesOf } from "./policy.ts";
import { asksForDuty, asksWhether, negates, sentences, stanceOf } from "./stance.ts";
import { type RuleClause, ruleClauses } from "./rule-clauses.ts";
import { comparable, type Statement, type Statements, sameValue, statementsOf } from "./statements.ts";
import { termsOf } from "./terms.ts";

export interface PolicyContradiction {
  readonly rule: RuleText;
  readonly evidence: string;
  /** True if the matter, the quantity and its role leave no doubt. */
  readonly sure: boolean;
}

export interface Ruling {
  readonly against: ReadonlyMap<TrainingRow, PolicyContradiction>;
  /** Rows that state what a relevant rule states. */
  readonly upheld: ReadonlySet<TrainingRow>;
}

/** Relevance of a rule's clause to an exchange from which on its quantities, or its permission, are compared. */
const RELEVANT = { quantity: 0.4, permission: 0.5, named: 0.3, sure: 0.6 };
/** A rule that is this much more relevant than another is the one that the exchange is about. */
const MARGIN = 0.15;

interface Reading {
  readonly exchange: Exchange;
  readonly questionTerms: ReadonlySet<string>;
  readonly terms: ReadonlySet<string>;
  /** Terms of the last turn and of the answer's opening. */
  readonly latest: ReadonlySet<string>;
  readonly asked: Statements;
  readonly said: Statements;
}

interface Candidate {
  readonly clause: RuleClause;
  readonly relevance: number;
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
  const relevance = relevanceOf(clauses, readings);
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
      wrongQuantity(reading, candidates, tagged.length > 0, policy) ??
      wrongPermission(reading, candidates, relevance);
    if (wrong !== undefined) found.set(row, wrong);
  }
  return { against: found, upheld: taught.rows };
}

function read(exchange: Exchange): Reading {
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

type Relevance = (clause: RuleClause, terms: ReadonlySet<string>) => number;

/** The share of a clause's terms, weighted by their rarity among rules and exchanges, that a text names. */
function relevanceOf(clauses: readonly RuleClause[], readings: readonly Reading[]): Relevance {
  const weight = rarity([...clauses.map(({ terms }) => terms.keys()), ...readings.map(({ terms }) => terms)]);
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

/** ln((1 + N) / (1 + n)) of a term in n of N texts. */
export function rarity(texts: readonly Iterable<string>[]): (term: string) => number {
  const frequency = new Map<string, number>();
  for (const terms of texts)
    for (const term of new Set(terms)) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  return (term) => Math.log((1 + texts.length) / (1 + (frequency.get(term) ?? 0)));
}

/** Exchanges that say what a clause says, by which an exchange in other words is known to be about it. */
function supporters(clauses: readonly RuleClause[], readings: readonly Reading[], relevance: Relevance) {
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

const quoted = (text: string): string => JSON.stringify(text.trim());

/** A quantity of the answer that the most relevant clause with that dimension does not have. */
function wrongQuantity(
  reading: Reading,
  candidates: readonly Candidate[],
  tagged: boolean,
  policy: PolicyText,
): PolicyContradiction | undefined {
  const { said, exchange } = reading;
  for (const [key, values] of said) {
    const ruled = candidates.filter(({ clause }) => clause.statements.has(key));
    const best = ruled[0];
    if (best === undefined) continue;
    const least = tagged ? 0 : RELEVANT.quantity;
    if (best.relevance < least) continue;
    // The exchange is about a rule that says nothing of this dimension.
    const top = candidates[0]!;
    if (!tagged && top.clause.rule !== best.clause.rule && top.relevance > best.relevance + MARGIN) continue;
    const stated = policy
      .filter((rule) => rule === best.clause.rule || ruled.some(({ clause, relevance }) => clause.rule === rule && relevance > (tagged ? -1 : best.relevance - MARGIN)))
      .flatMap((rule) => rule.statements.get(key) ?? []);
    if (values.some((value) => stated.some((right) => sameValue(value, right)))) continue;
    const rules = best.clause.statements.get(key)!;
    for (const value of values) {
      const right = rules.find(({ role, value: own }) => comparable(value.role, role) && commensurable(value.value, own));
      if (right === undefined || ofTheCase(value, exchange) || derived(key, value, stated, reading)) continue;
      if (value.value === 0 && best.clause.conditional) continue;
      const relevance = best.relevance * aboutness(value, best.clause, exchange.answer);
      if (relevance < least) continue;
      const sure =
        (tagged || relevance >= RELEVANT.sure) && rules.length === 1 && values.length === 1 && value.role === right.role && best.clause.exceptions.size === 0 && !best.clause.conditional;
      return {
        rule: best.clause.rule,
        evidence: `says ${quoted(value.words)} where ${best.clause.rule.id} of the policy says ${quoted(right.words)} [${relevance.toFixed(2)}]`,
        sure,
      };
    }
  }
  return undefined;
}

/** 1 if the answer's words around a quantity are those of the clause, or say nothing of their own; less if they name another matter. */
function aboutness({ at }: Statement, { terms }: RuleClause, answer: string): number {
  const start = Math.max(answer.lastIndexOf(". ", at), answer.lastIndexOf("; ", at), answer.lastIndexOf(", but ", at), answer.lastIndexOf("! ", at)) + 1;
  const rest = answer.slice(at).search(/[.;!?](?:\s|$)|, (?:but|and) /);
  const around = [...termsOf(answer.slice(start, rest < 0 ? undefined : at + rest))];
  const own = around.filter((term) => !terms.has(term));
  return around.length > own.length || own.length === 0 ? 1 : 0.6;
}

/** Lengths of time from minutes to years: a hundredfold is another matter. */
function commensurable(a: Statement["value"], b: Statement["value"]): boolean {
  return typeof a === "string" || typeof b === "string" || a === 0 || b === 0 || Math.max(a / b, b / a) < 100;
}

/** A number that the customer brought up, or that tells of the case and not of a rule. */
function ofTheCase(value: Statement, { question }: Exchange): boolean {
  if (value.role === "elapsed") return true;
  const figure = /[\p{L}\p{N}.,]+/u.exec(value.words.replace(/^[^\p{L}\p{N}]+/u, ""))?.[0].toLowerCase();
  if (figure !== undefined && new RegExp(`(?<![\\w.,])${figure.replace(/[.]/g, "\\.")}(?![\\w])`, "i").test(question)) return true;
  return false;
}

/** A number that follows from the rule's numbers and those of the case: n pieces, what is left, the sum of two rules, a share. */
function derived(
  key: string,
  { value }: Statement,
  stated: readonly Statement[],
  { asked, said, exchange }: Reading,
): boolean {
  if (typeof value !== "number" || value === 0) return false;
  const near = (x: number): boolean => x > 0 && Math.abs(x - value) <= 0.005 * value;
  const rules = stated.flatMap((statement) => (typeof statement.value === "number" ? [statement.value] : []));
  const texts = `${exchange.question} ${exchange.answer}`;
  const counts = numbersIn(texts).filter((n) => n >= 2);
  const same = [asked, said].flatMap((statements) =>
    (statements.get(key) ?? []).flatMap((statement) => (typeof statement.value === "number" && statement.value !== value ? [statement.value] : [])),
  );
  if (rules.some((rule) => counts.some((n) => near(rule * n) || counts.some((m) => near(rule * n * m))))) return true;
  if (rules.some((rule) => same.some((x) => near(Math.abs(rule - x)) || near(rule + x)))) return true;
  if (key === "money") {
    if (rules.some((a, i) => rules.some((b, j) => i !== j && near(a + b)))) return true;
    if (/%|per ?cent/.test(texts))
      return counts.some((share) => [...same, ...rules].some((x) => near((x * share) / 100) || near((x * (100 - share)) / 100)));
  }
  return false;
}

export function numbersIn(text: string): number[] {
  const words: Readonly<Record<string, number>> = { two: 2, both: 2, twice: 2, double: 2, pair: 2, couple: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9, ten: 10, eleven: 11, twelve: 12, fourteen: 14, fifteen: 15, sixteen: 16, twenty: 20, thirty: 30 };
  return (text.toLowerCase().match(/\d+(?:\.\d+)?|\p{L}+/gu) ?? []).flatMap((word) => {
    const value = /\d/.test(word) ? Number(word) : words[word];
    return value === undefined ? [] : [value];
  });
}

/** Terms of which one excludes the other. */
const OPPOSED: readonly (readonly [string, string])[] = [
  ["adult", "minor"],
  ["opened", "unopened"],
  ["assembled", "unassembled"],
  ["cash", "card"],
];

/** A yes to what a clause forbids or ties to something that is missing; a limit that is passed, or not. */
function wrongPermission(
  { exchange, latest }: Reading,
  candidates: readonly Candidate[],
  relevanceTo: (clause: RuleClause, terms: ReadonlySet<string>) => number,
): PolicyContradiction | undefined {
  const { turn, answer } = exchange;
  const top = candidates[0];
  if (handsOver(answer) || top === undefined) return undefined;
  const stance = stanceOf(answer, turn);
  const opens = sentences(answer)[0] ?? "";
  const answered = termsOf(answer);
  for (const { clause, relevance: overall } of candidates) {
    const relevance = relevanceTo(clause, latest);
    const named = clause.forbidden.size > 0 && clause.subject && [...clause.forbidden].every((term) => latest.has(term));
    if (relevance < (named ? RELEVANT.named : RELEVANT.permission) || overall < top.relevance - MARGIN) continue;
    const excepted = [...clause.exceptions].filter((term) => latest.has(term) && !clause.terms.has(term)).length;
    if (excepted > 0 && excepted >= clause.exceptions.size / 2) continue;
    const wrong = (why: string): PolicyContradiction => ({
      rule: clause.rule,
      evidence: `${why} ${clause.rule.id} of the policy: ${quoted(clause.rule.text)} [${relevance.toFixed(2)}]`,
      sure: false,
    });
    const missing = [...clause.required].find((term) => denied(term, answer));
    if (missing !== undefined) return wrong(`does without ${quoted(missing)}, against`);
    if (clause.required.size > 0 && stance === "yes") {
      const met = [...clause.required].some((term) => answered.has(term));
      const opposed = OPPOSED.some((pair) =>
        pair.some((term, i) => clause.required.has(term) && latest.has(pair[1 - i]!)),
      );
      if (!met && (opposed || [...clause.required].some((term) => denied(term, turn))))
        return wrong(`allows ${quoted(opens)}, against`);
      continue;
    }
    const limit = clause.statements.get("day")?.find(({ role }) => role === "plain");
    const elapsed = elapsedIn(turn);
    if (limit !== undefined && elapsed !== undefined && stance !== undefined && !clause.forbids && !clause.conditional) {
      const within = elapsed <= (limit.value as number) * (limit.business ? 1.4 : 1);
      if (within === (stance === "yes")) return undefined;
      return wrong(`says ${stance} after ${Math.round(elapsed)} days, against`);
    }
    if (!clause.forbids || stance !== "yes" || asksForDuty(turn) || negates(opens.replace(/^\W*(?:not a problem|don['’]?t worry)/i, "")))
      continue;
    if (!asksWhether(turn) && /\?/.test(turn)) continue;
    if (clause.forbidden.size > 0 && ![...clause.forbidden].some((term) => latest.has(term))) continue;
    return wrong(`allows ${quoted(opens)}, against`);
  }
  return undefined;
}

/** True if a text says that the term is missing or not needed. */
function denied(term: string, text: string): boolean {
  const named = text.replace(/^\W*no\b[,.!]/i, "");
  return [...named.matchAll(/\b(?:no|without|(?:not|n['’]t) (?:need|require|have|got|ask for|want)(?: an?| any)?)((?: [\w'’-]+){1,4})/gi)].some(
    ([, words]) => [...termsOf(words!)].includes(term),
  );
}

/** How long ago, in days, the event is of which a question tells. */
function elapsedIn(question: string): number | undefined {
  const days = statementsOf(question).get("day") ?? [];
  const told =
    days.find(({ at, words }) => /^\W*(?:ago|old|earlier)\b/i.test(question.slice(at + words.length))) ??
    days.find(({ at }) => /\b(?:for|had \w+|since|after|been)\W*(?:over|about|nearly|almost)?\W*$/i.test(question.slice(0, at)));
  return typeof told?.value === "number" ? told.value : undefined;
}
