import * as z from "zod";
import { checkKind, passUnless } from "./check.ts";
import { quoted } from "./wording.ts";

const text = z.string().min(1);

/** The good option must have a higher log-likelihood per token than every bad one; equal is not enough. */
export const choice = checkKind({
  schema: z.strictObject({ good: text, bad: z.array(text).min(1) }),
  judge({ good, bad }, { options }) {
    const score = (option: string) => options.get(option) ?? Number.NEGATIVE_INFINITY;
    const better = bad.filter((option) => score(option) >= score(good));
    return passUnless(better.length === 0 ? undefined : `prefers ${quoted(better)} to ${quoted([good])}`);
  },
});
