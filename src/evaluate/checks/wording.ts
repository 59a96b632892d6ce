import { RE2JS } from "re2js";
import * as z from "zod";
import { checkKind, judged } from "./check.ts";

const text = z.string().min(1);
const texts = z.array(text).min(1);

/** Comparison form: NFKC, plain quotes and dashes, single spaces, lower case. */
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

/** The wordings that a text contains, in any case. */
export function wordingsIn(answer: string, wordings: readonly string[]): string[] {
  const said = normalise(answer);
  return wordings.filter((wording) => said.includes(normalise(wording)));
}

const compiled = new Map<string, RE2JS>();

/** Compiled once: dealing out answers judges each against the checks of all cases. @throws when the pattern is not RE2 */
export function pattern(source: string): RE2JS {
  const known = compiled.get(source) ?? RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
  compiled.set(source, known);
  return known;
}

/** What is wrong with a pattern, or undefined. */
export function patternMistake(source: string): string | undefined {
  try {
    pattern(source);
    return undefined;
  } catch (error) {
    const what = (error as Error).message.replace(/^error parsing regexp: /, "");
    return `${what}; patterns are RE2, which has no look-around and no back references`;
  }
}

export const contains = checkKind({
  schema: texts,
  reads: () => "part",
  judge(value, { text }) {
    const present = wordingsIn(text, value);
    const absent = value.filter((wording) => !present.includes(wording));
    return absent.length === 0
      ? judged(true, `says ${quoted(value)}`)
      : judged(false, `does not say ${quoted(absent)}`);
  },
});

export const notContains = checkKind({
  schema: texts,
  reads: () => "whole",
  judge(value, { text }) {
    const present = wordingsIn(text, value);
    return present.length === 0
      ? judged(true, `does not say ${quoted(value)}`)
      : judged(false, `says ${quoted(present)}`);
  },
});

export const equals = checkKind({
  schema: text,
  reads: () => "whole",
  judge(value, answer) {
    const passed = normalise(answer.text) === normalise(value);
    return judged(passed, `${passed ? "is" : "is not"} ${quoted([value])}`);
  },
});

/** True for `$` or `\z` as anchors, which match wherever an answer was cut; not for an escaped `$` or one in a class. */
const hasEndAnchor = (source: string): boolean =>
  /\$|\\z/.test(source.replace(/\\[^z]/g, "").replace(/\[[^\]]*\]/g, ""));

/** RE2 pattern: its time is linear in the answer, so no pattern can hang a verdict. */
export const regex = checkKind({
  schema: text,
  mistake: patternMistake,
  reads: (value) => (hasEndAnchor(value) ? "whole" : "part"),
  judge(value, answer) {
    const matcher = pattern(value).matcher(answer.text.normalize("NFKC"));
    return matcher.find()
      ? judged(true, `matches /${value}/i: ${quoted([matcher.group() ?? ""])}`)
      : judged(false, `does not match /${value}/i`);
  },
});
