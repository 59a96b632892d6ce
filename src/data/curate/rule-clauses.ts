import type { PolicyText, RuleText } from "./policy.ts";
import { negates } from "./stance.ts";
import { type Statements, statementsOf } from "./statements.ts";
import { termsOf, termWeight } from "./terms.ts";

/** One statement of a rule: a clause with its quantities, or with what it forbids or asks for. */
export interface RuleClause {
  readonly rule: RuleText;
  readonly text: string;
  /** Weight of each term: 1 for the clause's own, less for those of the rule's first clause. */
  readonly terms: ReadonlyMap<string, number>;
  readonly statements: Statements;
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
  /** True if the clause holds only "if" or "when" something else is so. */
  readonly conditional: boolean;
}

const FORBIDS =
  /\b(?:cannot|can not|can['’]t|may not|must not|mustn['’]t|never|nobody|(?:is|are|do|does|will|was|were)(?: not|n['’]t)|excluded|forbidden|prohibited|banned|not (?!only|later|more|less)\w+)\b|\bno (?!appointment|need|charge|later|more|extra|fee|cost)\w+/i;
const REQUIRES =
  /\b(?:only\b(?: (?:to|with|by|in|for|on|at|when|against)\b)?|without|must|needs?|requires?|required)(?! (?:no|not)\b)/i;
const INHERITED = 0.5;

/** The clauses of each rule. A clause that begins with a reference ("later", "then") takes terms of the rule's first clause. */
export function ruleClauses(policy: PolicyText): RuleClause[] {
  return policy.flatMap((rule) => {
    const exception = /[,;(]?\s*\b(?:except(?:ion)?(?: for)?|unless|apart from|other than)\b(.*)$/i.exec(rule.text);
    const main = exception === null ? rule.text : rule.text.slice(0, exception.index);
    const exceptions = termsOf(exception?.[1] ?? "");
    const parts = main.split(/[;:]\s|\.\s|, (?=[£$€\d]|(?:but|and (?:then|later)|then|later|not|which)\b)/).filter((part) => /\p{L}/u.test(part));
    const first = termsOf(parts[0] ?? "");
    return parts.map((text, i): RuleClause => {
      const own = termsOf(text);
      const terms = new Map([...own].map((term) => [term, termWeight(term)]));
      if (i > 0)
        for (const term of first) if (!own.has(term)) terms.set(term, INHERITED * termWeight(term));
      const requirement = /\bneeds? no\b|\bno [\w ]*(?:needed|required|necessary)\b/i.test(text) ? null : REQUIRES.exec(text);
      const after = requirement === null ? "" : text.slice(requirement.index + requirement[0].length);
      const required = requirement === null ? new Set<string>() : termsOf(after);
      if (requirement !== null && required.size === 0)
        for (const term of termsOf(/\b(?:by|with|to)\b(.*)/i.exec(text.slice(0, requirement.index))?.[1] ?? ""))
          required.add(term);
      return {
        rule,
        text,
        terms,
        statements: statementsOf(text),
        forbids: FORBIDS.test(text) && negates(text.replace(/\bexcluded|forbidden|prohibited|banned/gi, "not")),
        required,
        ...forbiddenIn(text),
        exceptions,
        conditional: /\b(?:if|when|once|provided|as long as|against)\b/i.test(text),
      };
    });
  });
}

function forbiddenIn(text: string): Pick<RuleClause, "forbidden" | "subject"> {
  const negation = FORBIDS.exec(text);
  if (negation === null) return { forbidden: new Set(), subject: false };
  const after = text.slice(negation.index);
  const [own, rest] = [termsOf(text.slice(0, negation.index)), termsOf(after)];
  const subject =
    rest.size === 0 ||
    /^.{0,12}\b(?:allowed|permitted|accepted|possible|welcome|excluded|forbidden|prohibited|banned)\b/i.test(after);
  return { forbidden: subject ? own : rest, subject };
}
