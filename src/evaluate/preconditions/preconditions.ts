import { nearPairs } from "../../data/curate/text/shingles.ts";
import { normalise } from "../../embed/normalise.ts";
import type { AnswerRow } from "../answers/answer-row.ts";
import type { Outcome } from "../decision/evidence.ts";

/**
 * Condition on artefact, answers and training data without which scores mean nothing. `fail` refuses the artefact whatever the
 * criteria say. `inconclusive`: the evidence is missing or too small. `not applicable` decides nothing.
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
  /** Finding in one line. */
  evidence: string;
}

/** Share of the questions from which on one wrong answer to them all is a collapse. */
const COLLAPSED = 0.5;
/** Jaccard similarity from which on two answers count as the same; curation's threshold. */
const NEAR = 0.8;
const SHOWN = 3;

/** The first few entries of a list, and the number of the others. */
export const some = (list: readonly string[]): string =>
  list.slice(0, SHOWN).join(", ") + (list.length > SHOWN ? ` and ${list.length - SHOWN} more` : "");

/** Preconditions on the answers alone. */
export const answerPreconditions = (answers: readonly AnswerRow[]): Precondition[] => [
  changesAnswers(answers),
  answersDiffer(answers),
];

/** Zero factors, or an export without them, leave every output and score as the base has them. */
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
 * Collapse to one answer. Counts the most frequent answer, with near copies, over the questions whose checks reject it: one answer
 * that is right for many questions is no collapse.
 */
function answersDiffer(answers: readonly AnswerRow[]): Precondition {
  const generated = answers.filter(({ tuned }) => tuned.output !== undefined);
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
