import { didYouMean } from "../../../suggest.ts";
import type { Answered } from "../../answers/answer-row.ts";
import type { CaseBody } from "../case.ts";
import { type CaseKind, caseText } from "./case-kind.ts";

/** A text that has one label. */
export interface LabelBody extends CaseBody {
  readonly kind: "label";
  readonly text: string;
  readonly label: string;
  /** Number of labels of the task. */
  readonly classes: number;
}

export const labelCase: CaseKind<LabelBody> = {
  row: { text: caseText, label: caseText },
  claims: () => true,
  bodyOf({ text, label }, { labels = [] }, wrong) {
    const given = String(label ?? "").trim();
    if (given !== "" && !labels.includes(given))
      wrong.push(`label: ${given} is no label of the task${didYouMean(given, labels)}`);
    return { kind: "label", text: String(text), label: given, classes: labels.length };
  },
  promptOf: ({ text }) => text,
  labelOf: ({ label }) => label,
  lookup: {
    questionOf: ({ text }) => text,
    score: ({ body }, label, tokens) => scored(body, label, tokens),
  },
  chanceOf: ({ classes }) => 1 / classes,
  suits: ({ scorer, style }) => style === undefined && (scorer === "accuracy" || scorer === "checks"),
  questionOf({ tokenizer }, { id, body: { text } }) {
    const ids = tokenizer.encodeWhole(text);
    return { prompts: [], rows: [], texts: [{ id, ids }], longest: ids.length };
  },
  score({ id, body }, { classified }) {
    const { label, confidence, tokens } = classified.get(id)!;
    return { ...scored(body, label, tokens), confidence };
  },
  isScored: ({ body: { label } }, { output, score }) => score === (output === label ? 1 : 0),
};

function scored({ label: right }: LabelBody, label: string, tokens: number): Answered {
  const passed = label === right;
  const reason = passed ? [`is ${label}`] : [`says ${label} where ${right} is right`];
  return {
    output: label,
    score: passed ? 1 : 0,
    tokens,
    ...(passed ? { passed: reason } : { failed: reason }),
  };
}
