/** What a text states that another can contradict: each key (a unit, "yes or no", a pair of opposites) with its values. */
export type Statements = ReadonlyMap<string, readonly Statement[]>;

export interface Statement {
  readonly value: number | string;
  /** The words in the text. */
  readonly words: string;
}

const NUMBER_WORDS: Readonly<Record<string, number>> = {
  "one half": 0.5,
  half: 0.5,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  eighteen: 18,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
  hundred: 100,
};
/** Days in a unit of time, so that a fortnight is 14 days; a month has 30. Business days stay apart. */
const DAYS: Readonly<Record<string, number>> = {
  day: 1,
  week: 7,
  fortnight: 14,
  month: 30,
  quarter: 91,
  year: 365,
};
const CURRENCIES = "£|\\$|€|¥|USD|EUR|GBP|CHF";
const MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";

/** Two texts of which one says the first and the other the second contradict each other. */
const OPPOSITES: readonly (readonly [string, RegExp, RegExp])[] = [
  ["up or down", /\b(?:up|larger|bigger)\b/i, /\b(?:down|smaller)\b/i],
  ["before or after", /\bbefore\b/i, /\bafter\b/i],
  ["free or charged", /\b(?:free|no charge|no cost)\b/i, /\b(?:fee|charged|costs? (?:you )?[£$€\d])/i],
  ["same or different", /\b(?:the )?same\b/i, /\b(?:another|different)\b/i],
];
const YES =
  /^\W*(?:(?:hi|hello|hey|dear|thanks|thank you|good (?:morning|afternoon|day)|great question|oh)\b[^.!?]*[,.!?]\s*)?(?:yes|yep|yeah|sure|of course|certainly|absolutely|definitely|no problem|that(?:'|’)s (?:fine|ok(?:ay)?|possible))\b/i;
const NO =
  /^\W*(?:(?:hi|hello|hey|dear|thanks|thank you|good (?:morning|afternoon|day)|oh)\b[^.!?]*[,.!?]\s*)?(?:no\b(?! (?:problem|worries|bother|trouble|need))|nope|not (?:possible|allowed)|unfortunately|(?:i(?:'|’)m |we(?:'|’)re )?(?:sorry|afraid)\b[^.!?]*\b(?:not|n(?:'|’)t|no|cannot|unable))/i;

const QUANTITY = new RegExp(
  `(?<money>${CURRENCIES})? ?(?<![\\w.,/-])(?<number>\\d+(?:[.,]\\d+)*|(?:${Object.keys(NUMBER_WORDS).join("|")})\\b|an?(?= (?:full|whole|day|week|fortnight|month|year)\\b))(?![\\w/]|[.,:]\\d)(?<per> ?%| percent| per cent)?(?<after>(?:[ -](?:an?|full|whole|business|working|calendar))*[ -](?<unit>\\p{L}+))?`,
  "giu",
);

/**
 * The quantities with their units, dates, yes or no, and opposites of a text. English; numbers and dates work in any language
 * whose unit follows the number.
 */
export function statementsOf(text: string): Statements {
  const found = new Map<string, Statement[]>();
  const add = (key: string, value: number | string, words: string) => {
    const known = found.get(key) ?? [];
    if (!known.some((statement) => statement.value === value)) known.push({ value, words: words.trim() });
    found.set(key, known);
  };
  let rest = text.replace(
    new RegExp(
      `\\b\\d{4}-\\d{2}-\\d{2}\\b|\\b\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}\\b|\\b\\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:${MONTHS})[a-z]*\\b|\\b(?:${MONTHS})[a-z]* \\d{1,2}(?:st|nd|rd|th)?\\b`,
      "gi",
    ),
    (date) => {
      add("date", dateOf(date), date);
      return " ";
    },
  );
  rest = rest.replace(
    /\b(\d{1,2})(?::(\d{2}))? ?([ap])\.?m\b\.?|\b(\d{1,2}):(\d{2})\b/gi,
    (time, h, m, half, h24, m24) => {
      const hour = Number(h ?? h24) + (half?.toLowerCase() === "p" && Number(h) < 12 ? 12 : 0);
      add("time", `${hour}:${m ?? m24 ?? "00"}`, time);
      return " ";
    },
  );
  for (const { 0: words, groups } of rest.matchAll(QUANTITY)) {
    const quantity = quantityOf(words, groups!);
    if (quantity !== undefined) add(quantity.unit, quantity.value, words);
  }
  for (const [key, first, second] of OPPOSITES) {
    const [a, b] = [first.exec(text), second.exec(text)];
    if ((a === null) !== (b === null)) add(key, a === null ? 2 : 1, (a ?? b)![0]);
  }
  const [yes, no] = [YES.exec(text), NO.exec(text)];
  if ((yes === null) !== (no === null)) add("yes or no", yes === null ? "no" : "yes", (yes ?? no)![0]);
  return found;
}

function quantityOf(
  words: string,
  { money, number, per, after, unit }: Record<string, string | undefined>,
): { unit: string; value: number } | undefined {
  const value = NUMBER_WORDS[number!.toLowerCase()] ?? (/^an?$/i.test(number!) ? 1 : numberOf(number!));
  if (money !== undefined) return { unit: "money", value };
  if (per !== undefined) return { unit: "percent", value };
  if (unit === undefined) return undefined;
  const singular = unit.toLowerCase().replace(/(?<=..)s$/, "");
  if (/^(?:pound|dollar|euro|gbp|eur|usd|chf)$/.test(singular)) return { unit: "money", value };
  if (/\b(?:business|working)\b/i.test(after!)) return { unit: `business ${singular}`, value };
  const days = DAYS[singular];
  if (days !== undefined) return { unit: "day", value: value * days };
  // "one of them", "half of it": words that count nothing.
  if (/^(?:a|of|the|and|or|to|in|is|for|on|at|as|more|by|with|if|thing|bit|moment)$/.test(singular))
    return undefined;
  // A number word alone seldom counts what follows ("one size", "half a size" do).
  if (/^an?$/i.test(words.split(/[ -]/)[0]!) && singular !== "size") return undefined;
  return { unit: singular, value };
}

/** 1,234.50 and 1.234,50 are one number. */
function numberOf(text: string): number {
  const decimal = /[.,](\d{1,2})$/.exec(text);
  const whole = (decimal === null ? text : text.slice(0, decimal.index)).replace(/[.,]/g, "");
  return Number(`${whole}.${decimal?.[1] ?? 0}`);
}

/** A date in one form; the year counts when it is there. */
function dateOf(text: string): string {
  const named = new RegExp(`(\\d{1,2})?\\D*?\\b(${MONTHS})[a-z]*\\D*(\\d{1,2})?`, "i").exec(text);
  if (named !== null) return `${named[2]!.toLowerCase()} ${Number(named[1] ?? named[3])}`;
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const [day, month] = iso === null ? text.split(/[./]/).map(Number) : [Number(iso[3]), Number(iso[2])];
  return `${MONTHS.split("|")[month! - 1] ?? month} ${day}`;
}

/** Values that mean the same: equal, or within 3 %, as 12 months and 365 days are. */
export function sameValue(a: Statement["value"], b: Statement["value"]): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  return Math.abs(a - b) <= 0.03 * Math.max(Math.abs(a), Math.abs(b));
}

/** What both texts speak of without a common value. */
export function contradiction(
  a: Statements,
  b: Statements,
): { key: string; left: Statement; right: Statement } | undefined {
  for (const [key, left] of a) {
    const right = b.get(key);
    if (right === undefined || left.some((x) => right.some((y) => sameValue(x.value, y.value)))) continue;
    return { key, left: left[0]!, right: right[0]! };
  }
  return undefined;
}
