import { alternatives, type Claim, claimOf } from "../text/claims.ts";
import { termList, termsOf, termWeight } from "../text/terms.ts";
import type { RuleClause } from "./rule-clauses.ts";

/** What a clause of the policy says, in the form in which an answer's claims are compared with it. */
export interface Fact {
  readonly clause: RuleClause;
  readonly claim: Claim;
  /** The clause's own terms; those of its subject too where that is in the clause before it. */
  readonly terms: ReadonlySet<string>;
  /** The terms before any limit or purpose: "glasses may be returned" of "within 30 days for a refund". At least two, else all. */
  readonly core: ReadonlySet<string>;
  /** What a negative clause denies, and of which subjects. Alternatives: one of each is enough. */
  readonly denied: readonly ReadonlySet<string>[];
  readonly subjects: readonly ReadonlySet<string>[];
  /** Terms of "if …", "once …": the denial holds only where they do. */
  readonly condition: ReadonlySet<string>;
  /** True if the clause denies its subject as a whole: "is not allowed". */
  readonly passive: boolean;
  /** True if the clause limits: "only", "within", "from Monday to Thursday". */
  readonly restricts: boolean;
  /** True if the clause begins with the case for which it holds: "On e-bikes …". */
  readonly partial: boolean;
}

const VERB =
  "can|cannot|may|must|is|are|do|does|will|have|has|come|comes|cost|costs|gets?|needs?|goes?|stays?|travels?|leaves?|takes?|runs?";
const SUBJECT = new RegExp(`^(.{2,80}?)\\b(?:${VERB})\\b`, "i");
/** A clause of the speaker has its subject with it, not in the clause before. */
const SPEAKER = /\b(?:we|i|you|us|nobody|no one)\b/i;
/** A clause that goes on with a negation: "…, not in the rooms", "… and never taken in cash". */
const CONTINUES = /^(?:but |and )?(?:never|not|nor)\b/i;
const CONDITION = /\b(?:if|when|once|unless|until|because|during|before|while|provided)\b/i;
const LIMITS =
  /\b(?:only|until|up to|within|must be (?:over|under|at least)|at (?:most|least)|further|once (?:every|an?|per|each))\b|\b(?:one|a single) [\p{L} ]{2,25} (?:per|for each|an?|each)\b|\bfrom \S+ to\b/iu;
const DETAIL = /,? \b(?:within|until|for|less|if|when|once|after|before|up to|as long as|against)\b/i;
const ONE_PER = /\b(?:one|a single) ([\p{L} ]{2,25}) (?:per|for each|each)\b/iu;
/** A clause whose subject is in the clause before it: "unused ones are taken back". */
const REFERS = /^(?:\W*\p{L}+ ){0,3}(?:ones?|they|it|these|those)\b/iu;
const CASE = /^(?:on|for|in|with|at|after|if|when|once|below|above|under|during) /i;

/** True if what follows a negation only takes back the subject: "(not) allowed". */
export function takesBack(after: string): boolean {
  return (
    /^\s*(?:be )?(?:accepted|allowed|permitted|possible|available|included|welcome|valid)\b/i.test(after) ||
    termsOf(after).size === 0
  );
}

/** The fact of a clause, and that of its exception: "anywhere, except on the A66" denies the A66. */
export function factsOf(clause: RuleClause): Fact[] {
  const main = factOf(clause, clause.text, clause.opening ?? "");
  const single = ONE_PER.exec(clause.text)?.[1];
  if (single !== undefined) return [main, factOf(clause, `${single} cannot be combined`, "")];
  const exception = /\bexcept(?:ion)?(?: for)?\b([^,;.]*)/i.exec(clause.rule.text)?.[1];
  if (exception === undefined || main.claim.negative) return [main];
  return [main, factOf(clause, `not ${exception}`, clause.text)];
}

function factOf(clause: RuleClause, text: string, opening: string): Fact {
  const claim = claimOf(text);
  const [after = "", condition = ""] = claim.after.split(CONDITION);
  const own = alternatives(claim.before.replace(/^\W*(?:but|and)\b/i, ""));
  const outer = CONTINUES.test(text) ? firstTerm(opening) : subjectsOf(opening);
  const subjects = !claim.negative
    ? [...outer, ...own]
    : own.length > 0
      ? own
      : SPEAKER.test(claim.before)
        ? []
        : outer;
  const passive = takesBack(after);
  // "Herbs have none": what is denied is that of which the rule speaks.
  const none = /\b(?:none|neither)\W*$/i.test(text);
  return {
    clause,
    claim,
    terms: new Set(
      [termsOf(text), ...(own.length === 0 || REFERS.test(text) ? outer : [])].flatMap((terms) => [...terms]),
    ),
    core: new Set([...coreOf(text), ...(REFERS.test(text) ? outer.flatMap((terms) => [...terms]) : [])]),
    denied: none ? subjectsOf(opening) : passive ? (own.length > 0 ? own : outer) : alternatives(after),
    subjects: [
      ...(none ? own : passive ? (own.length > 0 ? outer : []) : subjects),
      ...(clause.name.size > 0 && !passive ? [clause.name] : []),
    ],
    condition: termsOf(condition),
    passive,
    restricts: (claim.negative && !claim.duty) || clause.required.size > 0 || LIMITS.test(text),
    partial: CASE.test(text),
  };
}

function coreOf(text: string): ReadonlySet<string> {
  const core = termsOf(text.split(DETAIL)[0]!);
  return core.size > 1 ? core : termsOf(text);
}

/** The subjects of a clause: what precedes its verb, without what qualifies it. */
function subjectsOf(text: string): ReadonlySet<string>[] {
  return alternatives((SUBJECT.exec(text)?.[1] ?? text).split(/ (?:that|which|who|whose) /)[0]!);
}

/** What a clause that goes on with "not …" is about: the first word of the one before it. */
function firstTerm(text: string): ReadonlySet<string>[] {
  const first = termList(text.split(/, /).at(-1)!).find((term) => termWeight(term) === 1);
  return first === undefined ? [] : [new Set([first])];
}
