import * as z from "zod";
import { rougeL } from "../metrics/rouge-l.ts";
import { checkKind } from "./check.ts";
import { handsOverBy } from "./conduct.ts";
import { quantitiesIn } from "./quantities.ts";
import { normalise } from "./wording.ts";

const YES = /(?:^|[.!?] )(?:yes|yeah|sure|certainly|absolutely|of course)\b/;
const NO = /(?:^|[.!?] )(?:no(?=[,.;:!]|$| -)|nope\b|unfortunately\b)/;
const MODAL =
  /\b(cannot|can't|can not|may not|must not|not possible|not allowed)\b|\b(?:can|may|possible|allowed)\b/;

/** Yes or no: by a sentence that begins so, else by the first "can", "cannot", "may" and the like. Undefined for neither. */
function stanceOf(answer: string): "yes" | "no" | undefined {
  const said = normalise(answer);
  const [yes, no] = [said.search(YES), said.search(NO)];
  if (yes >= 0 || no >= 0) return no < 0 || (yes >= 0 && yes < no) ? "yes" : "no";
  const modal = MODAL.exec(said);
  return modal === null ? undefined : modal[1] === undefined ? "yes" : "no";
}

/** Facts on which two answers to one question must agree. The word "one" is not a number here, as it is mostly a pronoun. */
function factsOf(answer: string, handOver: readonly string[]) {
  const numbers = quantitiesIn(answer).flatMap(({ value, written }) => (written === "one" ? [] : [value]));
  return {
    numbers: [...new Set(numbers)].sort((a, b) => a - b).join(", ") || "none",
    stance: stanceOf(answer),
    handsOver: handsOverBy(answer, handOver),
  };
}

/** The contradiction between two answers, or undefined. An answer without yes or no contradicts neither. */
function contradiction(a: ReturnType<typeof factsOf>, b: ReturnType<typeof factsOf>): string | undefined {
  if (a.handsOver !== b.handsOver)
    return a.handsOver ? "hands over, it does not" : "does not hand over, it does";
  if (a.numbers !== b.numbers) return `numbers ${a.numbers} against ${b.numbers}`;
  const sides = a.stance !== undefined && b.stance !== undefined && a.stance !== b.stance;
  return sides ? `${a.stance} against ${b.stance}` : undefined;
}

/**
 * Agreement within a paraphrase group in numbers, yes or no, and hand-over. Score: mean over the group's other answers of 0 for a
 * contradiction, else ROUGE-L between the two.
 */
export const consistentWith = checkKind({
  schema: z.string().trim().min(1),
  reads: () => "whole",
  judge(group, answer, { rules, groups }) {
    const own = factsOf(answer.text, rules.wording.hands_over);
    const others = [...(groups.get(group) ?? [])].filter(([id]) => id !== answer.id);
    const failures: string[] = [];
    let agreement = 0;
    for (const [id, text] of others) {
      const found = contradiction(own, factsOf(text, rules.wording.hands_over));
      if (found !== undefined) failures.push(`contradicts ${id}: ${found}`);
      else agreement += rougeL(text, answer.text) / others.length;
    }
    const passed = failures.length === 0;
    const reason = passed
      ? `contradicts none of ${others.map(([id]) => id).join(", ")}`
      : failures.join("; ");
    return { score: agreement, passed, reason };
  },
});
