import { RE2JS } from "re2js";
import * as z from "zod";
import { checkKind, passUnless } from "./check.ts";

const text = z.string().min(1);
const texts = z.array(text).min(1);

/** Compatibility forms composed, typographic quotes and dashes made plain, white space collapsed, lower case. */
export function normalise(value: string): string {
  return value
    .normalize("NFKC")
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/[\u2010-\u2015]/g, "-")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase();
}

export const quoted = (values: readonly string[]): string =>
  values.map((value) => JSON.stringify(value)).join(", ");

/** Those wordings that stand in a text, in any case. */
export function wordingsIn(answer: string, wordings: readonly string[]): string[] {
  const said = normalise(answer);
  return wordings.filter((wording) => said.includes(normalise(wording)));
}

/** @throws when the pattern is not RE2 */
const pattern = (source: string): RE2JS => RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);

export const contains = checkKind({
  schema: texts,
  judge(value, { text }) {
    const present = wordingsIn(text, value);
    const absent = value.filter((wording) => !present.includes(wording));
    return passUnless(absent.length === 0 ? undefined : `does not say ${quoted(absent)}`);
  },
});

export const notContains = checkKind({
  schema: texts,
  judge(value, { text }) {
    const present = wordingsIn(text, value);
    return passUnless(present.length === 0 ? undefined : `says ${quoted(present)}`);
  },
});

export const equals = checkKind({
  schema: text,
  judge: (value, answer) =>
    passUnless(normalise(answer.text) === normalise(value) ? undefined : `is not ${quoted([value])}`),
});

/** RE2: time is linear in the answer whatever the pattern, so no pattern can hang a verdict. */
export const regex = checkKind({
  schema: text,
  mistake(value) {
    try {
      pattern(value);
      return undefined;
    } catch (error) {
      const what = (error as Error).message.replace(/^error parsing regexp: /, "");
      return `${what}; patterns are RE2, which has no look-around and no back references`;
    }
  },
  judge: (value, answer) =>
    passUnless(
      pattern(value).matcher(answer.text.normalize("NFKC")).find() ? undefined : `does not match /${value}/i`,
    ),
});
