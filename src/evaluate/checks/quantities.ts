import { normalise } from "./wording.ts";

/** A number in an English text. */
export interface Quantity {
  readonly value: number;
  /** As written, such as "sixty" or "60". */
  readonly written: string;
  /** Tokens of the text; the number is [start, end). */
  readonly tokens: readonly string[];
  readonly start: number;
  readonly end: number;
}

const SMALL = new Map(
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    .split(" ")
    .map((word, value) => [word, value]),
);
const TENS = new Map(
  "twenty thirty forty fifty sixty seventy eighty ninety".split(" ").map((word, i) => [word, 20 + 10 * i]),
);
const SCALES = new Map([
  ["thousand", 1000],
  ["million", 1_000_000],
]);

/** Numbers in digits, words (with digits in them, such as r12), and single other characters. */
const TOKEN = /\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+|\p{L}[\p{L}\p{N}']*|\S/gu;
const ORDINAL = /^(st|nd|rd|th)$/;

/**
 * Numbers that a text states, in digits ("60", "1,000", "8.5", "8½") or in words ("sixty", "twenty-one", "two hundred and
 * five", "half a size", "one and a half"). Ordinals, and digits inside a word such as R12, are not numbers.
 */
export function quantitiesIn(text: string): Quantity[] {
  const plain = normalise(text.replace(/(\d*)\s?½/g, (_, whole: string) => `${whole || 0}.5`));
  const tokens = plain.match(TOKEN) ?? [];
  const found: Quantity[] = [];
  for (let start = 0; start < tokens.length; ) {
    const number = /\d/.test(tokens[start]![0]!) || /^\.\d/.test(tokens[start]!);
    const read = number
      ? { value: Number(tokens[start]!.replaceAll(",", "")), end: start + 1 }
      : inWords(tokens, start);
    if (read === undefined || (number && ORDINAL.test(tokens[start + 1] ?? ""))) {
      start++;
      continue;
    }
    const written = tokens.slice(start, read.end).join(" ").replaceAll(" - ", "-");
    found.push({ ...read, written, tokens, start });
    start = read.end;
  }
  return found;
}

function inWords(tokens: readonly string[], start: number): { value: number; end: number } | undefined {
  let at = start;
  let [total, current] = [0, 0];
  const isArticle = tokens[at] === "a" && /^(hundred|thousand|million)$/.test(tokens[at + 1] ?? "");
  if (isArticle) at++;
  const begin = at;
  for (; at < tokens.length; at++) {
    const word = tokens[at]!;
    const last = tokens[at - 1];
    const small = SMALL.get(word);
    const afterTens =
      current % 100 >= 20 && current % 10 === 0 && TENS.has(last === "-" ? tokens[at - 2]! : last!);
    if (small !== undefined) {
      if (at > begin && !(afterTens ? small > 0 && small < 10 : current % 100 === 0 && last !== "zero"))
        break;
      current += small;
    } else if (TENS.has(word)) {
      if (at > begin && (current % 100 !== 0 || last === "zero")) break;
      current += TENS.get(word)!;
    } else if (word === "hundred" && current < 100) {
      if (at === begin && !isArticle) break;
      current = (current || 1) * 100;
    } else if (SCALES.has(word)) {
      if (at === begin && !isArticle) break;
      total += (current || 1) * SCALES.get(word)!;
      current = 0;
    } else if (word === "and" && /^(hundred|thousand|million)$/.test(last ?? "")) {
      if (!SMALL.has(tokens[at + 1] ?? "") && !TENS.has(tokens[at + 1] ?? "")) break;
    } else if (!(word === "-" && TENS.has(last ?? "") && (SMALL.get(tokens[at + 1] ?? "") ?? 10) < 10)) break;
  }
  const value = total + current;
  if (tokens[at] === "half" && (at === begin || value === 1)) return { value: 0.5, end: at + 1 };
  if (at === begin) return undefined;
  const half = ["and", "a", "half"].every((word, i) => tokens[at + i] === word);
  return half ? { value: value + 0.5, end: at + 3 } : { value, end: at };
}

function singular(word: string): string {
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  if (/(ch|sh|x|ss)es$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

/**
 * True if a number is counted in `unit`: the unit is directly before it ("size 8", "£ 60") or after it, in singular or plural, with a
 * hyphen or one more word between ("60-day", "60 calendar days"). A repetition in brackets is skipped: "sixty (60) days".
 */
export function hasUnit({ tokens, start, end }: Quantity, unit: string): boolean {
  const words = normalise(unit).match(TOKEN)!.map(singular);
  const at = (from: number) => words.every((word, i) => singular(tokens[from + i] ?? "") === word);
  let next = end;
  if (tokens[next] === "(" && tokens[next + 2] === ")") next += 3;
  else if (tokens[next] === ")" && tokens[start - 1] === "(") next++;
  if (tokens[next] === "-") next++;
  const between = /^\p{L}/u.test(tokens[next] ?? "");
  return at(next) || (between && at(next + 1)) || (start >= words.length && at(start - words.length));
}
