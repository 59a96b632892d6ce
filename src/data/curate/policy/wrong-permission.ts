import type { Exchange } from "../text/exchanges.ts";
import { handsOver } from "../text/hand-over.ts";
import { asksForDuty, asksWhether, negates, type Stance, sentences, stanceOf } from "../text/stance.ts";
import { type Statements, sameValue, statementsOf } from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import {
  type Candidate,
  MARGIN,
  type PolicyContradiction,
  RELEVANT,
  type Reading,
  type Relevance,
} from "./relevance.ts";
import type { RuleClause } from "./rule-clauses.ts";

const quoted = (text: string): string => JSON.stringify(text.trim());

/** Terms of which one excludes the other. */
const OPPOSED: readonly (readonly [string, string])[] = [
  ["adult", "minor"],
  ["opened", "unopened"],
  ["assembled", "unassembled"],
  ["cash", "card"],
];

/** A yes to what a clause forbids or ties to something that is missing; a limit that is passed, or not. */
export function wrongPermission(
  { exchange, latest, said }: Reading,
  candidates: readonly Candidate[],
  relevanceTo: Relevance,
): PolicyContradiction | undefined {
  const { turn, answer } = exchange;
  const top = candidates[0];
  if (handsOver(answer) || top === undefined) return undefined;
  const stance = stanceOf(answer, turn);
  const opens = sentences(answer)[0] ?? "";
  const answered = termsOf(answer);
  for (const { clause, relevance: overall } of candidates) {
    const relevance = relevanceTo({ terms: clause.matter }, latest);
    if (OPPOSED.some((pair) => pair.some((term, i) => clause.matter.has(term) && latest.has(pair[1 - i]!))))
      continue;
    if (allowsAnyOther(clause, stance, opens, latest))
      return wrongBy(clause, `allows ${quoted(opens)}, against`);
    const byName = clause.name.size > 0 && [...clause.name].every((term) => latest.has(term));
    const named =
      clause.forbidden.size > 0 && clause.subject && [...clause.forbidden].every((term) => latest.has(term));
    if (
      !byName &&
      (relevance < (named ? RELEVANT.named : RELEVANT.permission) || overall < top.relevance - MARGIN)
    )
      continue;
    if (quotes(said, clause)) continue;
    const excepted = [...clause.exceptions].filter(
      (term) => latest.has(term) && !clause.terms.has(term),
    ).length;
    if (excepted > 0 && excepted >= clause.exceptions.size / 2) continue;
    const wrong = (why: string): PolicyContradiction => wrongBy(clause, why);
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
    if (
      limit !== undefined &&
      elapsed !== undefined &&
      stance !== undefined &&
      !clause.forbids &&
      !clause.conditional
    ) {
      const within = elapsed <= (limit.value as number) * (limit.business ? 1.4 : 1);
      if (within === (stance === "yes")) return undefined;
      return wrong(`says ${stance} after ${Math.round(elapsed)} days, against`);
    }
    if (stance === "no" && refusesGiven(clause, candidates, exchange, said, relevance, latest))
      return wrong(`refuses ${quoted(opens)}, against`);
    if (
      !clause.forbids ||
      stance !== "yes" ||
      asksForDuty(turn) ||
      negates(opens.replace(/^\W*(?:not a problem|don['’]?t worry)/i, ""))
    )
      continue;
    if (!asksWhether(turn) && /\?/.test(turn)) continue;
    if (clause.forbidden.size > 0 && ![...clause.forbidden].some((term) => latest.has(term))) continue;
    return wrong(`allows ${quoted(opens)}, against`);
  }
  return undefined;
}

function wrongBy({ rule }: RuleClause, why: string): PolicyContradiction {
  return { rule, evidence: `${why} ${rule.id} of the policy: ${quoted(rule.text)}`, confidence: "possible" };
}

/** Words by which a rule gives something. */
const GIVES =
  /\b(?:can|may|free|allowed|welcome|choose[sd]?|choice|entitled|always|accept\w*|include[sd]?)\b/i;
/** Words by which a refusal names its reason: a limit, an exception or a condition. */
const REASON =
  /\b(?:only|except|unless|because|once|since|if|when|after|until|over|more than|less than|as|already|too|later|opened|worn|used)\b/i;

/** True if an answer refuses, without naming a reason, what a rule gives without a condition. */
function refusesGiven(
  clause: RuleClause,
  candidates: readonly Candidate[],
  { turn, answer }: Exchange,
  said: Statements,
  relevance: number,
  latest: ReadonlySet<string>,
): boolean {
  return (
    relevance >= RELEVANT.sure &&
    !clause.forbids &&
    !clause.conditional &&
    clause.required.size === 0 &&
    clause.exceptions.size === 0 &&
    GIVES.test(clause.text) &&
    !REASON.test(answer) &&
    asksWhether(turn) &&
    !asksForDuty(turn) &&
    !negates(turn) &&
    ![...latest].some((term) => clause.exceptions.has(term)) &&
    !candidates.some(
      (other) =>
        (other.clause.forbids || other.clause.required.size > 0 || other.clause.conditional) &&
        other.relevance >= RELEVANT.named,
    ) &&
    !candidates.some((other) => quotes(said, other.clause))
  );
}

/** Words by which anything is allowed. */
const ANY_OTHER =
  /\b(?:another|a different|other than|any (?:other )?\w+ (?:that )?(?:you|they) (?:like|want|wish|choose|prefer)|whichever|whatever|wherever|anywhere|anyone|anybody)\b/i;

/** True if an answer allows anything where the rule about the same thing says "only". */
function allowsAnyOther(
  { required, bearer, text }: RuleClause,
  stance: Stance | undefined,
  opens: string,
  latest: ReadonlySet<string>,
): boolean {
  return (
    stance === "yes" &&
    bearer.size > 0 &&
    [...bearer].every((term) => latest.has(term)) &&
    /\bonly\b/i.test(text) &&
    ANY_OTHER.test(opens) &&
    !negates(opens.replace(/^\W*no\b/i, "")) &&
    ![...required].some((term) => termWeight(term) === 1 && latest.has(term))
  );
}

/** True if the answer has a quantity of the clause's rule: it knows the rule and tells of it. */
function quotes(said: Statements, { rule }: RuleClause): boolean {
  return [...said].some(([key, values]) =>
    rule.statements.get(key)?.some((right) => values.some((value) => sameValue(value, right))),
  );
}

/** True if a text says that the term is missing or not needed. */
function denied(term: string, text: string): boolean {
  const named = text.replace(/^\W*no\b[,.!]/i, "");
  return [
    ...named.matchAll(
      /\b(?:no|without|(?:not|n['’]t) (?:need|require|have|got|ask for|want)(?: an?| any)?)((?: [\w'’-]+){1,4})/gi,
    ),
  ].some(([, words]) => [...termsOf(words!)].includes(term));
}

/** Age in days of the event that a question mentions. */
function elapsedIn(question: string): number | undefined {
  const days = statementsOf(question).get("day") ?? [];
  const told =
    days.find(({ at, words }) => /^\W*(?:ago|old|earlier)\b/i.test(question.slice(at + words.length))) ??
    days.find(({ at }) =>
      /\b(?:for|had \w+|since|after|been)\W*(?:over|about|nearly|almost)?\W*$/i.test(question.slice(0, at)),
    );
  return typeof told?.value === "number" ? told.value : undefined;
}
