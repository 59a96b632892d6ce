import * as z from "zod";
import { didYouMean } from "../../suggest.ts";
import type { StyleRule } from "../../task/schema.ts";
import { checkKind, judged } from "./check.ts";
import { normalise, quoted, wordingsIn } from "./wording.ts";

/** The wordings that a text contains as whole words. */
function phrasesIn(answer: string, phrases: readonly string[]): string[] {
  const words = (text: string) =>
    ` ${normalise(text)
      .replace(/[^\p{L}\p{N}']+/gu, " ")
      .trim()} `;
  const said = words(answer);
  return phrases.filter((phrase) => said.includes(words(phrase)));
}

/** True if an answer contains a hand-over wording of task.yaml. */
export const handsOverBy = (answer: string, phrases: readonly string[]): boolean =>
  phrasesIn(answer, phrases).length > 0;

const conduct = (key: "refuses" | "hands_over", does: string, doesNot: string) =>
  checkKind({
    schema: z.boolean(),
    reads: (asked) => (asked ? "part" : "whole"),
    judge(asked, { text }, { rules }) {
      const found = phrasesIn(text, rules.wording[key]);
      return judged(found.length > 0 === asked, found.length > 0 ? `${does}: ${quoted(found)}` : doesNot);
    },
  });

export const refuses = conduct("refuses", "refuses", "does not refuse");
export const handsOver = conduct("hands_over", "hands over", "does not hand over");

/** Reason that an answer breaks a style rule, or undefined. */
export function styleFailure(rule: StyleRule, answer: string): string | undefined {
  const found = wordingsIn(answer, rule.not_contains ?? []);
  if (found.length > 0) return `${rule.name}: says ${quoted(found)}`;
  const words = answer.split(/\s+/).filter((word) => word !== "").length;
  if (rule.max_words !== undefined && words > rule.max_words) {
    return `${rule.name}: ${words} words, at most ${rule.max_words} allowed`;
  }
  return undefined;
}

export const style = checkKind({
  schema: z.string().min(1),
  mistake(value, rules) {
    const names = rules.style.map((rule) => rule.name);
    return names.includes(value) ? undefined : `no style rule is called ${value}${didYouMean(value, names)}`;
  },
  reads: () => "whole",
  judge(value, { text }, { rules }) {
    const failure = styleFailure(rules.style.find((rule) => rule.name === value)!, text);
    return judged(failure === undefined, failure ?? `keeps the style rule ${quoted([value])}`);
  },
});
