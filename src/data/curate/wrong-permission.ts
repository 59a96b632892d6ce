import { handsOver } from "./hand-over.ts";
import {
  type Candidate,
  MARGIN,
  type PolicyContradiction,
  RELEVANT,
  type Reading,
  type Relevance,
} from "./relevance.ts";
import { asksForDuty, asksWhether, negates, sentences, stanceOf } from "./stance.ts";
import { statementsOf } from "./statements.ts";
import { termsOf } from "./terms.ts";

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
  { exchange, latest }: Reading,
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
    const named =
      clause.forbidden.size > 0 && clause.subject && [...clause.forbidden].every((term) => latest.has(term));
    if (relevance < (named ? RELEVANT.named : RELEVANT.permission) || overall < top.relevance - MARGIN)
      continue;
    const excepted = [...clause.exceptions].filter(
      (term) => latest.has(term) && !clause.terms.has(term),
    ).length;
    if (excepted > 0 && excepted >= clause.exceptions.size / 2) continue;
    const wrong = (why: string): PolicyContradiction => ({
      rule: clause.rule,
      evidence: `${why} ${clause.rule.id} of the policy: ${quoted(clause.rule.text)}`,
      confidence: "possible",
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

/** True if a text says that the term is missing or not needed. */
function denied(term: string, text: string): boolean {
  const named = text.replace(/^\W*no\b[,.!]/i, "");
  return [
    ...named.matchAll(
      /\b(?:no|without|(?:not|n['’]t) (?:need|require|have|got|ask for|want)(?: an?| any)?)((?: [\w'’-]+){1,4})/gi,
    ),
  ].some(([, words]) => [...termsOf(words!)].includes(term));
}

/** How long ago, in days, the event is of which a question tells. */
function elapsedIn(question: string): number | undefined {
  const days = statementsOf(question).get("day") ?? [];
  const told =
    days.find(({ at, words }) => /^\W*(?:ago|old|earlier)\b/i.test(question.slice(at + words.length))) ??
    days.find(({ at }) =>
      /\b(?:for|had \w+|since|after|been)\W*(?:over|about|nearly|almost)?\W*$/i.test(question.slice(0, at)),
    );
  return typeof told?.value === "number" ? told.value : undefined;
}
