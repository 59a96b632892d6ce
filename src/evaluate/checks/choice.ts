import * as z from "zod";
import { checkKind, judged } from "./check.ts";
import { quoted } from "./wording.ts";

const text = z.string().min(1);

/** The good option must score higher than every bad one; equal is a failure. */
export const choice = checkKind({
  schema: z.strictObject({ good: text, bad: z.array(text).min(1) }),
  reads: () => "likelihood",
  judge({ good, bad }, { options }) {
    const score = (option: string) => options.get(option) ?? Number.NEGATIVE_INFINITY;
    const better = bad.filter((option) => score(option) >= score(good));
    return better.length === 0
      ? judged(true, `prefers ${quoted([good])} to ${quoted(bad)}`)
      : judged(false, `prefers ${quoted(better)} to ${quoted([good])}`);
  },
});

/** The option of highest score, and the other options. */
export interface Preference {
  preferred: string;
  to: string[];
}

/** @param options score of each option; the first of several best ones counts as preferred */
export function preferenceOf(options: ReadonlyMap<string, number>): Preference {
  const ranked = [...options].sort(([, a], [, b]) => b - a).map(([option]) => option);
  return { preferred: ranked[0]!, to: ranked.slice(1) };
}
