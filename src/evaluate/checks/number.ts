import * as z from "zod";
import { checkKind, passUnless } from "./check.ts";
import { hasUnit, type Quantity, quantitiesIn } from "./quantities.ts";
import { quoted, wordingsIn } from "./wording.ts";

const text = z.string().trim().min(1);

/** A number, or one that is counted in a unit. */
interface Asked {
  readonly number: number;
  readonly unit?: string | undefined;
}

const shown = ({ number, unit }: Asked) => (unit === undefined ? `${number}` : `${number} ${unit}`);

/** A number as it stands in the answer, with the word that follows it. */
function stated({ written, tokens, end }: Quantity): string {
  const next = tokens[end === tokens.length || tokens[end] !== "-" ? end : end + 1];
  return /^\p{L}/u.test(next ?? "") ? `${written} ${next}` : written;
}

/** Why an answer does not state the number, and which it states instead. Digits and words count the same; units are not converted. */
export function numberFailure(asked: Asked, answer: string): string | undefined {
  const all = quantitiesIn(answer);
  const { unit } = asked;
  const counted = unit === undefined ? all : all.filter((quantity) => hasUnit(quantity, unit));
  if (counted.some(({ value }) => value === asked.number)) return undefined;
  const instead = [...new Set((counted.length > 0 ? counted : all).map(stated))];
  return instead.length === 0
    ? `states no number, ${shown(asked)} was asked`
    : `states ${instead.join(", ")}, not ${shown(asked)}`;
}

export const number = checkKind({
  schema: z.strictObject({ number: z.number(), unit: text.optional() }),
  judge: (value, answer) => passUnless(numberFailure(value, answer.text)),
});

const slot = z.union(
  [text, z.array(text).min(1), z.number(), z.strictObject({ number: z.number(), unit: text.optional() })],
  { error: 'expected a wording, a list of wordings, a number, or {"number": 60, "unit": "days"}' },
);

function slotFailure(asked: z.output<typeof slot>, answer: string): string | undefined {
  if (typeof asked === "number") return numberFailure({ number: asked }, answer);
  if (typeof asked === "object" && "number" in asked) return numberFailure(asked, answer);
  const wordings = [asked].flat();
  return wordingsIn(answer, wordings).length > 0 ? undefined : `does not say ${quoted(wordings)}`;
}

/** Several named values; the score is the share of them that the answer gives. */
export const slots = checkKind({
  schema: z
    .record(text, slot)
    .refine((values) => Object.keys(values).length > 0, { error: "needs at least one slot" }),
  judge(value, answer) {
    const names = Object.keys(value);
    const failures = names.flatMap((name) => {
      const failure = slotFailure(value[name]!, answer.text);
      return failure === undefined ? [] : [`${name} ${failure}`];
    });
    const score = 1 - failures.length / names.length;
    return failures.length === 0 ? { score } : { score, failure: failures.join("; ") };
  },
});
