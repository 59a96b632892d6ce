import {
  NEWER_ASSIGNED,
  NEWER_COMBINING,
  NEWER_NONSPACING,
  NEWER_NORMALIZED,
  NEWER_PUNCTUATION,
} from "./unicode-tables.ts";

/** A property of one character, given as a string of one code point. */
export type CharTest = (char: string) => boolean;

const except =
  (pattern: RegExp, newer: ReadonlySet<number>): CharTest =>
  (char) =>
    pattern.test(char) && !newer.has(char.codePointAt(0)!);

/** Half of a surrogate pair: no character, and not to be written in UTF-8. */
export const LONE_SURROGATE = /\p{Cs}/u;

/** Rust's char::is_whitespace. */
export const isWhitespace: CharTest = (char) => /^\p{White_Space}$/u.test(char);
/** Rust's char::is_numeric. */
export const isNumeric: CharTest = (char) => /^\p{N}$/u.test(char);
/** `is_punc` of tokenizers: ASCII punctuation, or a category P of unicode_categories. */
export const isPunctuation: CharTest = (char) =>
  /^[!-/:-@[-`{-~]$/.test(char) || char === "\u166d" || char === "\u{111c9}" || newerPunctuation(char);
const newerPunctuation = except(/^\p{P}$/u, NEWER_PUNCTUATION);
/** `is_other` of unicode_categories without Cn: controls, formats, private use. */
export const isOther = except(
  /^[\p{Cc}\p{Cf}\p{Co}]$/u,
  new Set([0x890, 0x891, 0x8e2, 0x110cd, ...Array.from({ length: 16 }, (_, i) => 0x13430 + i)]),
);
export const isNonspacingMark: CharTest = (char) =>
  char === "\u1734" || char === "\u{1171e}" || nonspacing(char);
const nonspacing = except(/^\p{Mn}$/u, NEWER_NONSPACING);
export const isCombiningMark: CharTest = (char) => char === "\u1cf2" || char === "\u1cf3" || combining(char);
const combining = except(/^\p{M}$/u, NEWER_COMBINING);
/** The blocks that BERT's normalizer calls Chinese. */
export const isChinese: CharTest = (char) =>
  /^[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]$/u.test(
    char,
  );

/** Normalizes as unicode-normalization-alignments does: code points that it does not know stay, and part their neighbours. */
export function normalizeForm(text: string, form: "NFC" | "NFD" | "NFKC" | "NFKD"): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  let [out, run] = ["", ""];
  for (const char of text) {
    if (!NEWER_NORMALIZED.has(char.codePointAt(0)!)) run += char;
    else {
      out += run.normalize(form) + char;
      run = "";
    }
  }
  return out + run.normalize(form);
}

/**
 * A text of the same length in which code points beyond Unicode 16 are unassigned ones, for matching a pattern as the
 * libraries of Unicode 16 do. U+0295, a lower-case letter until Unicode 16, is replaced by another one.
 */
export function asUnicode16(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  let out = "";
  for (const char of text) {
    if (char === "\u0295") out += "\u0296";
    else if (NEWER_ASSIGNED.has(char.codePointAt(0)!)) out += char.length === 1 ? "\uffff" : "\u{1ffff}";
    else out += char;
  }
  return out;
}
