import * as z from "zod";
import { checkKind, type Judgement, judged } from "./check.ts";
import { hasUnit, type Quantity, quantitiesIn } from "./quantities.ts";
import { quoted, wordingsIn } from "./wording.ts";

const text = z.string().trim().min(1);

/** Number to state, optionally with its unit. */
interface Asked {
  readonly number: number;
  readonly unit?: string | undefined;
}

const shown = ({ number, unit }: Asked) => (unit === undefined ? `${number}` : `${number} ${unit}`);

/** A number as the answer writes it, with the word after it. */
function stated({ written, tokens, end }: Quantity): string {
  const next = tokens[end === tokens.length || tokens[end] !== "-" ? end : end + 1];
  return /^\p{L}/u.test(next ?? "") ? `${written} ${next}` : written;
}

/** States the number, or which numbers the answer states instead. Digits and words are equal; units are not converted. */
export function judgeNumber(asked: Asked, answer: string): Judgement {
  const all = quantitiesIn(answer);
  const { unit } = asked;
  const counted = unit === undefined ? all : all.filter((quantity) => hasUnit(quantity, unit));
  const right = counted.find(({ value }) => value === asked.number);
  if (right !== undefined) return judged(true, `states ${stated(right)}`);
  const instead = [...new Set((counted.length > 0 ? counted : all).map(stated))];
  return judged(
    false,
    instead.length === 0
      ? `states no number, ${shown(asked)} was asked`
      : `states ${instead.join(", ")}, not ${shown(asked)}`,
  );
}

export const number = checkKind({
  schema: z.strictObject({ number: z.number(), unit: text.optional() }),
  reads: () => "part",
  judge: (value, answer) => judgeNumber(value, answer.text),
});

const slot = z.union(
  [text, z.array(text).min(1), z.number(), z.strictObject({ number: z.number(), unit: text.optional() })],
  { error: 'expected a wording, a list of wordings, a number, or {"number": 60, "unit": "days"}' },
);

function judgeSlot(asked: z.output<typeof slot>, answer: string): Judgement {
  if (typeof asked === "number") return judgeNumber({ number: asked }, answer);
  if (typeof asked === "object" && "number" in asked) return judgeNumber(asked, answer);
  const wordings = [asked].flat();
  const present = wordingsIn(answer, wordings);
  return present.length > 0
    ? judged(true, `says ${quoted(present)}`)
    : judged(false, `does not say ${quoted(wordings)}`);
}

/** Several named values. Score: the share of them that the answer gives. */
export const slots = checkKind({
  schema: z
    .record(text, slot)
    .refine((values) => Object.keys(values).length > 0, { error: "needs at least one slot" }),
  reads: () => "part",
  judge(value, answer) {
    const slots = Object.entries(value).map(([name, asked]) => ({ name, ...judgeSlot(asked, answer.text) }));
    const filled = slots.filter(({ passed }) => passed);
    const passed = filled.length === slots.length;
    const shown = passed ? slots : slots.filter((slot) => !slot.passed);
    const reason = shown.map(({ name, reason }) => `${name} ${reason}`).join("; ");
    return { score: filled.length / slots.length, passed, reason };
  },
});
