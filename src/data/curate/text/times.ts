import { NUMBER_WORDS } from "./numbers.ts";

const HOURS = Object.keys(NUMBER_WORDS)
  .filter((word) => NUMBER_WORDS[word]! >= 1 && NUMBER_WORDS[word]! <= 12)
  .join("|");
const BARE = String.raw`\d{1,2}(?![\d.,:]*\d|\s*[%£$€]|\s+(?!in\b|on\b|at\b|every\b|and\b|or\b|o['’]clock\b|that\b|to\b)\p{L})`;

/** A time of day: "9 am", "5.30 p.m.", "17:30", "half past five", "noon", "from 10 to 4", "until 8". */
const CLOCK = new RegExp(
  String.raw`\b(?<h>\d{1,2})(?:[:.](?<m>\d{2}))? ?(?<half>[ap])\.?m\b\.?|\b(?<h24>\d{1,2}):(?<m24>\d{2})\b|\b(?<part>half|quarter) (?<side>past|to) (?<word>${HOURS}|\d{1,2})\b|\b(?:noon|midnight)\b|(?<=\bfrom (?:about )?)(?<from>\d{1,2})(?= (?:to|until|till) ${BARE})|(?<=\b(?:until|till|from \d{1,2} to) )(?<to>${BARE})`,
  "giu",
);

/** A time as "h:mm"; with a "?" if the half of the day is not said. */
export function replaceTimes(text: string, by: (value: string, words: string, at: number) => string): string {
  return text.replace(CLOCK, (words: string, ...rest) => {
    const groups = rest.at(-1) as Record<string, string | undefined>;
    return by(timeOf(words, groups), words, rest.at(-3) as number);
  });
}

function timeOf(words: string, groups: Record<string, string | undefined>): string {
  const { h, m, half, h24, m24, part, side, word, from, to } = groups;
  if (/noon/i.test(words)) return "12:00";
  if (/midnight/i.test(words)) return "0:00";
  if (h !== undefined) return `${(Number(h) % 12) + (half!.toLowerCase() === "p" ? 12 : 0)}:${m ?? "00"}`;
  if (h24 !== undefined) return `${Number(h24)}:${m24}`;
  if (part !== undefined) {
    const hour = NUMBER_WORDS[word!.toLowerCase()] ?? Number(word);
    const minutes = part.toLowerCase() === "half" ? 30 : 15;
    return side === "past" ? `${hour}:${minutes}?` : `${hour - 1}:${60 - minutes}?`;
  }
  return `${Number(from ?? to)}:00?`;
}

/** True if two times may be the same: to the minute, and to the half of the day where both say it. */
export function sameTime(a: string, b: string): boolean {
  const [[hourA, minuteA], [hourB, minuteB]] = [a, b].map((time) =>
    time.replace("?", "").split(":").map(Number),
  ) as [number[], number[]];
  const vague = a.endsWith("?") || b.endsWith("?");
  return minuteA === minuteB && (vague ? hourA! % 12 === hourB! % 12 : hourA === hourB);
}

/** Minutes after midnight of a time as "h:mm". */
export function minutesOf(time: string): number {
  const [hour, minute] = time.replace("?", "").split(":").map(Number);
  return 60 * hour! + minute!;
}
