import * as z from "zod";
import { checkKind, judged } from "./check.ts";
import { normalise, pattern, patternMistake, quoted } from "./wording.ts";

const source = z.string().min(1);

/** Wordings that deny what follows them; "not only" does not. */
const DENIAL = /\b(?:not(?! only)|no|never|nor|neither|without|cannot|instead of|rather than)\b|n't\b/;
/** Ends of clauses, beyond which a denial has no effect. A dot within a number is none. */
const CLAUSE_END = /[!?;:,]|\.(?!\d)|\s-\s|\bbut\b/;
/** Words before a wording in which a denial counts. */
const REACH = 4;

/** True if the clause denies what follows `before`: "not", "never", "rather than" and the like in the last four words. */
function isDenied(before: string): boolean {
  const clause = before.split(CLAUSE_END).at(-1)!;
  return DENIAL.test(clause.trim().split(/\s+/).slice(-REACH).join(" "));
}

/** Wordings that a pattern finds in an answer, apart by whether their clause affirms or denies them. */
function wordingsOf(answer: string, source: string): { affirmed: string[]; denied: string[] } {
  const said = normalise(answer);
  const found = { affirmed: [] as string[], denied: [] as string[] };
  const matcher = pattern(source).matcher(said);
  while (matcher.find()) {
    const wording = matcher.group() ?? "";
    found[isDenied(said.slice(0, matcher.start())) ? "denied" : "affirmed"].push(wording);
  }
  return found;
}

/**
 * The answer affirms something that `right` finds and nothing that `wrong` finds, so an answer that contradicts itself fails.
 * Both are RE2 patterns on the normalised text, in lower case with plain quotes.
 */
export const claims = checkKind({
  schema: z.strictObject({ right: source, wrong: source.optional() }),
  mistake: ({ right, wrong }) =>
    patternMistake(right) ?? (wrong === undefined ? undefined : patternMistake(wrong)),
  reads: ({ wrong }) => (wrong === undefined ? "part" : "whole"),
  judge({ right, wrong }, { text }) {
    const against = wrong === undefined ? [] : wordingsOf(text, wrong).affirmed;
    const { affirmed, denied } = wordingsOf(text, right);
    if (affirmed.length === 0) {
      return judged(false, denied.length > 0 ? `denies ${quoted(denied)}` : `does not claim /${right}/i`);
    }
    return against.length > 0
      ? judged(false, `claims ${quoted(affirmed)}, and against it ${quoted(against)}`)
      : judged(true, `claims ${quoted([...new Set(affirmed)])}`);
  },
});
