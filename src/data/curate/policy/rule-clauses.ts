import { QUALIFIED } from "../text/claims.ts";
import { negates } from "../text/stance.ts";
import { type Statements, statementsOf } from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import type { PolicyText, RuleText } from "./policy.ts";

/** One statement of a rule: a clause with its quantities, or with what it forbids or asks for. */
export interface RuleClause {
  readonly rule: RuleText;
  readonly text: string;
  /** For a later clause: the first clause's text before its verb, or all of it if no subject precedes the verb. */
  readonly opening?: string;
  /** Weight of each term: 1 for the clause's own, less for those of the rule's first clause. */
  readonly terms: ReadonlyMap<string, number>;
  readonly statements: Statements;
  /** The terms but those that are asked for: what the clause is about. */
  readonly matter: ReadonlyMap<string, number>;
  /** True for "cannot", "are not", "excluded". */
  readonly forbids: boolean;
  /** Terms that must be met: after "only", "without", "must", "needs". */
  readonly required: ReadonlySet<string>;
  /** Terms of what is forbidden: after "not", or the clause's own where it says "not allowed". */
  readonly forbidden: ReadonlySet<string>;
  /** True if what is forbidden is the clause's subject. */
  readonly subject: boolean;
  /** Terms after "except" or "unless". */
  readonly exceptions: ReadonlySet<string>;
  /** Terms of what the rule names in quotation marks: items marked "as seen". */
  readonly name: ReadonlySet<string>;
  /** Terms before the rule's first verb: what the rule is about. */
  readonly bearer: ReadonlySet<string>;
  /** True if the clause holds only "if" or "when" something else is so. */
  readonly conditional: boolean;
}

/** A negation by which a clause forbids. */
export const FORBIDS =
  /\b(?:cannot|can not|can['’]t|may not|must not|mustn['’]t|never|nobody|(?:is|are|do|does|will|was|were)(?: not|n['’]t)|excluded|forbidden|prohibited|banned|not (?!only|later|more|less)\w+)\b|\bno (?!appointment|need|charge|later|more|extra|fee|cost)\w+/i;
const REQUIRES =
  /\b(?:only\b(?: (?:to|with|by|in|for|on|at|when|against)\b)?|without|must|needs?|requires?|required)(?! (?:no|not)\b)/i;
const EXCLUDED = /\b(?:excluded|forbidden|prohibited|banned)\b/gi;
const EXCEPTION = /[,;(]?\s*\b(?:except(?:ion)?(?: for)?|unless|apart from|other than)\b(.*)$/i;
const VERB =
  "can|cannot|may|must|is|are|do|does|will|have|has|come|comes|cost|costs|get|gets|need|needs|go|goes|stay";
/** Boundary between two clauses. */
const CLAUSES = new RegExp(
  `[;:]\\s|(?<![ap]\\.m|\\b(?:Dr|Mrs?|Ms|St|No|Co))\\.\\s|, (?=(?:[£$€\\d]|(?:but|and (?:then|later)|then|later|not|no|which)\\b|(?:to|by|in|with|for|on|at) [^,;.]* only\\b))| and (?=(?:${VERB}|takes?|never|not|no)\\b)|, (?:and )?(?=(?:\\p{L}+ ){1,2}(?:${VERB})\\b)`,
  "u",
);
const BEARER = new RegExp(`^(.{2,40}?)\\b(?:${VERB})\\b`, "i");
const SUBJECT_LIST = new RegExp(
  `^((?:[\\p{L}\\d'’ -]+?, )*[\\p{L}\\d'’ -]+? (?:and|or) [\\p{L}\\d'’ -]+?) ((?:that (?:was|were|are) \\p{L}+ )?(?:${VERB})\\b)`,
  "iu",
);
/** Words of a clause without a verb, at most. */
const MOTTO = 3;
const COUNTED = /\d|\bfree\b/i;
/** Weight of the terms that a clause takes over from the first. */
const INHERITED = 0.5;

/** The clauses of each rule. A clause that begins with a reference ("later", "then") takes terms of the rule's first clause. */
export function ruleClauses(policy: PolicyText): RuleClause[] {
  return policy.flatMap((rule) => {
    const exception = EXCEPTION.exec(rule.text);
    const main = exception === null ? rule.text : rule.text.slice(0, exception.index);
    const exceptions = termsOf(exception?.[1] ?? "");
    const parts = main
      .split(CLAUSES)
      .flatMap(listed)
      .filter((part) => /\p{L}/u.test(part));
    const first = termsOf(parts[0] ?? "");
    const opening = BEARER.exec(parts[0] ?? "")?.[1] ?? "";
    const bearer = termsOf(opening);
    const name = termsOf(
      [...rule.text.matchAll(/["“]([^"”]{2,30})["”]/g)].map(([, words]) => words).join(" "),
    );
    return parts.flatMap((part, i) =>
      alternatives(part).map((text): RuleClause => {
        const own = termsOf(text);
        const terms = new Map([...own].map((term) => [term, termWeight(term)]));
        // ", £160 for tablets" goes on with the first clause; others only refer to it.
        const inherited = /^(?:[£$€\d]|(?:and |but )?(?:it|they|this|these)\b)/i.test(part) ? 1 : INHERITED;
        if (i > 0)
          for (const term of first) if (!own.has(term)) terms.set(term, inherited * termWeight(term));
        const required = requiredIn(text);
        return {
          rule,
          text,
          ...(i > 0 && {
            // "never in cash" goes on with the clause before it.
            opening:
              /^(?:but |and )?(?:never|not|nor)\b|^(?:\p{L}+ ){0,3}(?:ones?|they|it|these|those)\b/iu.test(
                part,
              )
                ? parts[i - 1]!
                : bearer.size > 0
                  ? opening
                  : parts[0]!,
          }),
          terms,
          matter: new Map([...terms].filter(([term]) => !required.has(term))),
          statements: statementsOf(text),
          forbids: FORBIDS.test(text) && negates(text.replace(EXCLUDED, "not")),
          required,
          ...forbiddenIn(text),
          exceptions,
          name,
          bearer,
          conditional: /\b(?:if|when|once|provided|as long as|against)\b/i.test(text),
        };
      }),
    );
  });
}

/** "A swim costs $8, children pay $4" as one clause for each quantity, "adults only, no swimwear" as one for each motto. */
function listed(part: string): string[] {
  const items = part.split(/, (?:and )?(?=\p{L})/u);
  const short = items.every((item) => item.split(" ").length <= MOTTO);
  return items.length > 1 && (short || items.every((item) => COUNTED.test(item))) ? items : [part];
}

/** "Opened creams, razors and combs cannot be returned" as one clause for each; what qualifies the first qualifies all. */
function alternatives(text: string): string[] {
  const list = SUBJECT_LIST.exec(text);
  if (list === null || /\b(?:if|when|because)\b/i.test(list[1]!)) return [text];
  const items = list[1]!.split(/, (?:and |or )?| and | or /);
  const quality = /^(\p{L}+(?:ed|en|rn|cut|sh)|used|worn|cut|sale) /iu.exec(items[0]!)?.[0] ?? "";
  return items.map(
    (item, i) => `${i === 0 ? "" : quality}${item} ${text.slice(list[0].length - list[2]!.length)}`,
  );
}

function requiredIn(text: string): ReadonlySet<string> {
  if (/\bneeds? no\b|\bno [\w ]*(?:needed|required|necessary)\b/i.test(text)) return new Set();
  // "By Dr. Okafor only, who …": the word before it is what is asked for.
  const trailing = /\b(?:by|with|to|on|in|for|against|at)\b([^,;]*?) only(?=[,;.)]|$)/i.exec(text);
  if (trailing !== null) return termsOf(trailing[1]!);
  const requirement = REQUIRES.exec(text.replace(QUALIFIED, ""));
  if (requirement === null) return new Set();
  const after = termsOf(text.replace(QUALIFIED, "").slice(requirement.index + requirement[0].length));
  return after.size > 0
    ? after
    : termsOf(/\b(?:by|with|to)\b(.*)/i.exec(text.slice(0, requirement.index))?.[1] ?? "");
}

function forbiddenIn(text: string): Pick<RuleClause, "forbidden" | "subject"> {
  const negation = FORBIDS.exec(text);
  if (negation === null) return { forbidden: new Set(), subject: false };
  const after = text.slice(negation.index);
  const [own, rest] = [termsOf(text.slice(0, negation.index)), termsOf(after)];
  const subject =
    rest.size === 0 ||
    /^.{0,12}\b(?:allowed|permitted|accepted|possible|welcome|excluded|forbidden|prohibited|banned)\b/i.test(
      after,
    );
  return { forbidden: subject ? own : rest, subject };
}
