import { handsOver } from "../text/hand-over.ts";
import { negates, sentences, stanceOf } from "../text/stance.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import type { Candidate, PolicyContradiction, Reading } from "./relevance.ts";
import { FORBIDS, type RuleClause } from "./rule-clauses.ts";

/** Share of the terms of what a rule forbids that an answer's clause names. */
const NAMED = 0.5;
/** Share of the terms of a class that a question and answer name before a prohibition applies to them. */
const MOST = 0.75;
/** Words by which an answer advises against something without a negation. */
const AVOIDS =
  /\b(?:avoid\w*|away from|harm\w*|instead of|rather than|bad for|forbidden|refrain|except|unless|only)\b/i;
/** A state during which a rule gives something. */
const WHILE = /\b(?:while|during|as long as|throughout|at any time)\b/i;
/** What an answer refuses during a state, or gives before or after it only. */
const NOT_WHILE =
  /(?:\b(?:not|cannot|never|no)\b|n['’]t\b)[^.;]*\b(?:during|while|in the middle of|as long as|midway)\b|\b(?:only|not until|not before)\b[^.;]*\b(?:once|after\w*|before|when)\b/i;
const ONLY_WHILE = /\b(?:only|just)\b[^.;,]*\b(?:while|during|as long as)\b/i;
/** Text before a negation that describes a shop or a thing and forbids nothing. */
const DESCRIBES = /^\W*(?:we|it|there)\b|\b(?:has|have|with|of)\W*$/i;
/** Words of a negation that are not part of what is forbidden. */
const NOT = /(?<=\b(?:not|no) )\w+$/i;
/** Openings that take no part in what a sentence says. */
const LEAD = /^\W*(?:(?:yes|no|of course|sure|don['’]t worry|no problem)\b\W*)+/i;
/** Verbs by which a clause gives its subject a price. */
const CHARGED =
  /\b(?:always |each |also )?(?:carry|carries|costs?|is charged|are charged|has|have|bears?|incurs?|pays?|is|are|come with|comes with|needs?|add|adds)\b/i;

/** An answer that promises what a clause forbids, gives free what it charges for, or refuses what it gives during a state. */
export function oppositeOutcome(
  reading: Reading,
  candidates: readonly Candidate[],
): PolicyContradiction | undefined {
  if (handsOver(reading.exchange.answer)) return undefined;
  for (const { clause } of candidates) {
    const why =
      promisesForbidden(clause, reading) ??
      freeWhereCharged(clause, reading, candidates) ??
      refusesWhile(clause, reading);
    if (why !== undefined)
      return {
        rule: clause.rule,
        evidence: `${why}, against ${clause.rule.id} of the policy: ${JSON.stringify(clause.rule.text)}`,
        confidence: "possible",
      };
  }
  return undefined;
}

const alternativesOf = (text: string): string[] =>
  text.split(/, (?:and |or )?| (?:and|or|nor) /).filter((part) => termsOf(part).size > 0);

const specific = (text: string): string[] => [...termsOf(text)].filter((term) => termWeight(term) === 1);

/** True if a text names one of the things that a list of subjects names, without what qualifies them. */
function namesOne(subject: string, terms: ReadonlySet<string>, share = NAMED): boolean {
  return alternativesOf(subject.split(/ (?:that|which|who|whose) /)[0]!).some((item) => {
    const own = specific(item);
    return own.length > 0 && own.filter((term) => terms.has(term)).length >= own.length * share;
  });
}

/** "Refund" where the clause says "no refund", "wipe it with alcohol" where it says "not with alcohol". */
function promisesForbidden(
  clause: RuleClause,
  { exchange: { answer, turn }, terms, latest }: Reading,
): string | undefined {
  const negation = FORBIDS.exec(clause.text);
  if (!clause.forbids || negation === null || clause.conditional || clause.required.size > 0)
    return undefined;
  if ([...clause.exceptions].some((term) => latest.has(term)) || stanceOf(answer, turn) === "no")
    return undefined;
  const before = clause.text.slice(0, negation.index);
  if (clause.subject || DESCRIBES.test(before) || handsOver(clause.rule.text)) return undefined;
  const after = clause.text.slice(negation.index + negation[0].replace(NOT, "").length);
  const forbidden = alternativesOf(after.split(/[,;:]/)[0]!);
  const subject = specific(before).length > 0 ? before : (clause.opening ?? "");
  const bySubject = specific(subject).length > 0;
  // A term that many rules share, such as "plants", names no class alone: most terms of one alternative are needed.
  if (bySubject && !namesOne(subject, terms, MOST)) return undefined;
  const said = sentences(answer)
    .flatMap((sentence) => sentence.replace(LEAD, "").split(/[;:]\s| but /))
    .filter((part) => !negates(part) && !AVOIDS.test(part));
  for (const part of said) {
    const named = termsOf(part);
    for (const item of forbidden) {
      const own = specific(item);
      const shared = own.filter((term) => named.has(term)).length;
      if (shared > 0 && shared === own.length) return `says ${JSON.stringify(part.trim())}`;
    }
  }
  return undefined;
}

/** Finds an answer that calls something free, of a class of things for which the rule has a price. */
function freeWhereCharged(
  clause: RuleClause,
  { exchange: { answer }, terms, latest, said }: Reading,
  candidates: readonly Candidate[],
): string | undefined {
  const price = clause.statements.get("money")?.find(({ value, role }) => value !== 0 && role === "plain");
  const stated = (said.get("money") ?? []).filter(({ role }) => role !== "threshold");
  const free = stated.find(({ value }) => value === 0);
  if (price === undefined || free === undefined || stated.length > 1 || clause.conditional) return undefined;
  const charged = CHARGED.exec(clause.text);
  if (charged === null || charged.index > clause.text.indexOf(price.words)) return undefined;
  const subject = clause.text.slice(0, charged.index);
  const own = specific(subject);
  // "Delivery costs £5 and is free over £40": free as well, by a condition.
  const alsoFree = candidates.some(
    ({ clause: { statements, terms } }) =>
      statements.get("money")?.some(({ value }) => value === 0) && own.some((term) => terms.has(term)),
  );
  if (alsoFree) return undefined;
  const rest = specific(clause.text.slice(charged.index)).filter((term) => !own.includes(term));
  if (!namesOne(subject, latest) || (rest.length > 0 && !rest.some((term) => terms.has(term))))
    return undefined;
  if (sentences(answer).some((part) => part.includes(free.words) && /\b(?:not|never)\b|n['’]t\b/i.test(part)))
    return undefined;
  return `says ${JSON.stringify(free.words)} where the rule says ${JSON.stringify(price.words)}`;
}

/** A refusal during the state for which the rule gives something. */
function refusesWhile(
  clause: RuleClause,
  { exchange: { answer, turn }, latest }: Reading,
): string | undefined {
  const state = WHILE.exec(clause.text);
  if (
    state === null ||
    clause.forbids ||
    !/\b(?:can|may|allowed|possible|welcome|free to)\b/i.test(clause.text)
  )
    return undefined;
  if (stanceOf(answer, turn) !== "no" || !NOT_WHILE.test(answer) || ONLY_WHILE.test(answer)) return undefined;
  const given = specific(clause.text.slice(0, state.index));
  const shared = given.filter((term) => latest.has(term)).length;
  return shared > 0 && shared >= given.length * NAMED
    ? `refuses ${JSON.stringify((sentences(answer)[0] ?? "").trim())}`
    : undefined;
}
