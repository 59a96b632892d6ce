import type { PrivateFinders } from "../data/curate/private.ts";
import { nearPairs } from "../data/curate/shingles.ts";
import { normalise } from "../embed/normalise.ts";
import type { AnswerRow } from "./answer-row.ts";
import type { Outcome } from "./decide.ts";

/**
 * What must hold of the artefact and its data before scores mean anything. `fail` refuses the artefact whatever the
 * criteria say; `inconclusive` means that it could not be looked at, or not well enough to tell; `not applicable` decides nothing.
 */
export interface Precondition {
  name:
    | "the adapter changes answers"
    | "answers differ"
    | "answers give nothing private away"
    | "answers fit their questions"
    | "no case was trained on"
    | "nothing private was trained on"
    | "nothing contradictory was trained on";
  outcome: Outcome | "not applicable";
  /** What was found, in one line. */
  evidence: string;
}

/** From this share of the questions on, one wrong answer to them all is a collapse. */
const COLLAPSED = 0.5;
/** Jaccard similarity from which on two answers are the same answer; curation's threshold. */
const NEAR = 0.8;
const SHOWN = 3;

/** The first few of a list, and how many more there are. */
export const some = (list: readonly string[]): string =>
  list.slice(0, SHOWN).join(", ") + (list.length > SHOWN ? ` and ${list.length - SHOWN} more` : "");

/** What the answers alone show. */
export function answerPreconditions(
  answers: readonly AnswerRow[],
  policy: string,
  finders: PrivateFinders,
): Precondition[] {
  return [changesAnswers(answers), answersDiffer(answers), nothingGivenAway(answers, policy, finders)];
}

/** Factors that are zero, or an export without them, leave every output and score as the base has them. */
function changesAnswers(answers: readonly AnswerRow[]): Precondition {
  const changed = answers.filter(
    ({ base, tuned }) => base.output !== tuned.output || base.score !== tuned.score,
  ).length;
  return {
    name: "the adapter changes answers",
    outcome: changed > 0 ? "pass" : "fail",
    evidence:
      changed > 0
        ? `${changed} of ${answers.length} outputs or scores differ from the base's`
        : "every output and score is the base's: the adapter changes nothing, or was never applied",
  };
}

/**
 * A model that says the same whatever it is asked. The most frequent answer is counted, with answers nearly like it, where
 * the checks reject it: one answer that is right for many questions is no collapse.
 */
function answersDiffer(answers: readonly AnswerRow[]): Precondition {
  const generated = answers.filter(({ tuned }) => tuned.finish !== undefined);
  const rejected = new Map<string, number>();
  for (const { tuned } of generated) {
    const said = normalise(tuned.output ?? "");
    rejected.set(said, (rejected.get(said) ?? 0) + (tuned.score < 1 ? 1 : 0));
  }
  const texts = [...rejected.keys()];
  const alike = new Map(texts.map((text) => [text, 0]));
  for (const { left, right } of nearPairs(texts, texts, NEAR)) {
    alike.set(texts[left]!, alike.get(texts[left]!)! + rejected.get(texts[right]!)!);
  }
  const [text, count] = [...alike].reduce((most, next) => (next[1] > most[1] ? next : most), ["", 0]);
  const collapsed = count >= COLLAPSED * generated.length && count > 1;
  return {
    name: "answers differ",
    outcome: collapsed ? "fail" : "pass",
    evidence:
      count > 1
        ? `“${text.trim()}” or nearly so is a wrong answer to ${count} of ${generated.length} questions`
        : "no wrong answer is given twice",
  };
}

/** Private data that neither the question, the policy nor the base's own answer holds. */
function nothingGivenAway(
  answers: readonly AnswerRow[],
  policy: string,
  finders: PrivateFinders,
): Precondition {
  const known = normalise(policy);
  const found = answers.flatMap(({ id, prompt, base, tuned }) => {
    const said = tuned.output ?? "";
    return Object.values(finders)
      .flatMap((find) => find(said))
      .filter(({ start, end }) => {
        const text = normalise(said.slice(start, end));
        return ![known, normalise(prompt), normalise(base.output ?? "")].some((other) =>
          other.includes(text),
        );
      })
      .map(({ label }) => `${id} (${label})`);
  });
  return {
    name: "answers give nothing private away",
    outcome: found.length === 0 ? "pass" : "fail",
    evidence: found.length === 0 ? "no personal data and no secret in any answer" : `said in ${some(found)}`,
  };
}
