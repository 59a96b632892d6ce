import { NUMBER, numberOf } from "./numbers.ts";
import { replaceTimes, sameTime } from "./times.ts";

/** The quantities of a text by dimension: "day" for every length of time, "money", "percent", "time" of day, "date", or the unit's own name. */
export type Statements = ReadonlyMap<string, readonly Statement[]>;

export interface Statement {
  /** In days for a length of time, "h:mm" for a time of day. */
  readonly value: number | string;
  /** The words in the text. */
  readonly words: string;
  /** Offset of the words in the text. */
  readonly at: number;
  /** True for business days, which are compared with calendar days five to seven. */
  readonly business: boolean;
  /** Dimension that the quantity measures, as far as the words around it determine it. */
  readonly role: Role;
  /** For what an amount of money is due each time: "day" of "£16 a day", "head", "way". */
  readonly per?: string;
}

/**
 * A notice is counted back from an event, an elapsed time from now, a threshold bounds an amount that is somebody else's. Two
 * quantities of different roles do not contradict each other; a plain one fits every role but elapsed and threshold.
 */
export type Role = "plain" | "notice" | "duration" | "elapsed" | "age" | "deposit" | "discount" | "threshold";

/** Days in a unit of time, so that a fortnight is 14 days; a month has 30. */
const DAYS: Readonly<Record<string, number>> = {
  minute: 1 / 1440,
  min: 1 / 1440,
  hour: 1 / 24,
  day: 1,
  night: 1,
  week: 7,
  fortnight: 14,
  month: 30,
  quarter: 91,
  year: 365,
};
const CURRENCIES = "£|\\$|€|¥|USD|EUR|GBP|CHF";
const MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";

/** Words before "a month" where it is a length of time; after others, "one plant a month", it is a rate. */
const BEFORE_ONE =
  "within|in|for|of|about|than|after|takes?|only|is|was|have|has|had|least|most|lasts?|wait|needs?|to|every|until|around|almost|nearly|over|under|be|been|or|and|by|with|give";

const QUANTITY = new RegExp(
  `(?<money>${CURRENCIES})? ?(?<![\\w.,/-])(?<number>${NUMBER}|the(?= (?:whole|entire|full) (?:day|week|month|year)\\b)|(?<=^\\W*|\\b(?:${BEFORE_ONE}) )an?(?= (?:full|whole|hour|day|night|week|fortnight|month|year)\\b))(?![\\w/]|[.,:]\\d)(?<per> ?%| percent| per cent)?(?<after>(?:[ -](?:an?|full|whole|entire|business|working|calendar))*[ -](?<unit>\\p{L}+))?`,
  "giu",
);
const DATE = new RegExp(
  `\\b\\d{4}-\\d{2}-\\d{2}\\b|\\b\\d{1,2}[./]\\d{1,2}[./]\\d{2,4}\\b|\\b\\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:${MONTHS})[a-z]*\\b|\\b(?:${MONTHS})[a-z]* \\d{1,2}(?:st|nd|rd|th)?\\b`,
  "gi",
);
const PER =
  /^[\s,]*(?:(?:a|an|per|each|every|for (?:each|every))\s+)(?:started |further |single )?(?<what>\p{L}+)/iu;
/** Parts of an amount or of a thing's price: "half of the price", "in full". */
const SHARE =
  /\b(?:(?<part>half|a third|one third|two thirds|a quarter|three quarters)(?= (?:of )?(?:the |its |your |that |what )?(?:\w+ )?(?:price|amount|sum|cost|fee|money|value|deposit|refund|bill|total|rent|fare|you)\b)|(?<all>in full|(?:the |its )?(?:full|whole|entire|total) (?:\w+ )?(?:price|amount|sum|cost|fee|refund|value|deposit|bill|fare)))\b/gi;
const PARTS: Readonly<Record<string, number>> = {
  half: 1 / 2,
  "a third": 1 / 3,
  "one third": 1 / 3,
  "two thirds": 2 / 3,
  "a quarter": 1 / 4,
  "three quarters": 3 / 4,
};
/** Matches wordings of "free of charge". */
const FREE =
  /(?<![\w-])(?:free(?: of charge)?|no (?:extra )?(?:charge|cost|fee)|for nothing|(?:costs?|pay|charge|charged) (?:you )?nothing|nothing (?:extra|is charged|to pay)|included|complimentary|comes? (?:as standard |standard )?with (?:all|every|each)|without (?:charge|cost))(?![\w-])/gi;

/**
 * The quantities with their units, dates and times of day of a text; what is free costs 0. English; numbers and dates work in any
 * language whose unit follows the number.
 */
export function statementsOf(text: string): Statements {
  const found = new Map<string, Statement[]>();
  const add = (
    key: string,
    value: number | string,
    words: string,
    start: number,
    rest: { role?: Role; business?: boolean | undefined; per?: string | undefined } = {},
  ) => {
    const known = found.get(key) ?? [];
    const at = start + words.length - words.trimStart().length;
    const { role = "plain", business = false, per } = rest;
    if (
      !known.some(
        (statement) => statement.value === value && statement.role === role && statement.per === per,
      )
    )
      known.push({ value, words: words.trim(), at, role, business, ...(per !== undefined && { per }) });
    found.set(key, known);
  };
  const blank = (words: string): string => " ".repeat(words.length);
  let rest = text.replace(DATE, (date, at: number) => {
    add("date", dateOf(date), date, at);
    return blank(date);
  });
  rest = replaceTimes(rest, (time, words, at) => {
    add("time", time, words, at);
    return blank(words);
  });
  for (const { 0: words, index, groups } of rest.matchAll(QUANTITY)) {
    const quantity = quantityOf(words, groups!);
    if (quantity === undefined) continue;
    const before = rest
      .slice(Math.max(0, index - 40), index)
      .split(/[.;!?]\s/)
      .at(-1)!;
    const role = roleOf(quantity.unit, before, rest.slice(index + words.length, index + words.length + 40));
    const per = quantity.unit === "money" ? perOf(words, rest.slice(index + words.length)) : undefined;
    add(quantity.unit, quantity.value, words, index, { role, business: quantity.business, per });
  }
  for (const { 0: words, index, groups } of rest.matchAll(SHARE))
    add("share", PARTS[groups!["part"]?.toLowerCase() ?? ""] ?? 1, words, index);
  for (const { 0: words, index } of rest.matchAll(FREE)) add("money", 0, words, index);
  return found;
}

/** What an amount is due for each time; undefined if the text does not say. */
function perOf(words: string, after: string): string | undefined {
  const tail = /\b(?:an?|each|per|every)$/i.exec(words.trimEnd())?.[0] ?? "";
  const what = PER.exec(`${tail}${after}`)?.groups?.["what"]?.toLowerCase();
  return what === undefined ? undefined : ({ person: "head", adult: "head" }[what] ?? what);
}

/** Dimension of a quantity, by the words before and after it in its sentence. */
function roleOf(unit: string, before: string, after: string): Role {
  if (unit === "money" || unit === "percent") {
    if (
      /\b(?:over|above|more than|below|under|minimum(?: order)?(?: of)?|from|worth|spend|least)\W*$/i.test(
        before,
      )
    )
      return "threshold";
    const around = `${before} # ${after}`;
    if (/\b(?:deposit|security|prepayment|up ?front)\b/i.test(around)) return "deposit";
    if (/^\W*(?:off|discount|less|reduction)\b/i.test(after) || /\b(?:discount|save)\b.{0,12}$/i.test(before))
      return "discount";
    return "plain";
  }
  if (unit !== "day") return "plain";
  if (/^\W*(?:ago|earlier|now\b|late\b|left|remaining|already|overdue)/i.test(after)) return "elapsed";
  if (
    /^\W*olds?\b|^\W*of age\b/i.test(after) ||
    /\b(?:aged?|turned|(?:older|younger) than|child(?:ren)? (?:under|over|from|up to))\W*$/i.test(before)
  )
    return "age";
  if (/^\W*(?:or more )?(?:before|in advance|ahead|prior|beforehand|['’]? ?notice)\b/i.test(after))
    return "notice";
  if (
    /\b(?:takes?|took|taking|needs?|lasts?|ready|finished|done|about|roughly)\W*(?:\w+\W+)?(?:in\W+)?$/i.test(
      before,
    )
  )
    return "duration";
  return "plain";
}

/** True if two quantities of these roles can contradict each other. */
export function comparable(a: Role, b: Role): boolean {
  if (a === b) return a !== "elapsed";
  const [one, other] = [a, b].sort();
  if (one === "elapsed" || other === "elapsed" || one === "threshold" || other === "threshold") return false;
  if (one === "age" || other === "age") return false;
  return one === "plain" || other === "plain";
}

function quantityOf(
  words: string,
  { money, number, per, after, unit }: Record<string, string | undefined>,
): { unit: string; value: number; business?: boolean } | undefined {
  const value = /^(?:an?|the)$/i.test(number!) ? 1 : numberOf(number!);
  if (money !== undefined) return { unit: "money", value };
  if (per !== undefined) return { unit: "percent", value };
  if (unit === undefined) return undefined;
  const singular = unit.toLowerCase().replace(/(?<=..)s$/, "");
  if (/^(?:pound|dollar|euro|gbp|eur|usd|chf)$/.test(singular)) return { unit: "money", value };
  const days = DAYS[singular];
  if (days !== undefined)
    return { unit: "day", value: value * days, business: /\b(?:business|working)\b/i.test(after!) };
  // "one of them", "half of it": words that count nothing.
  if (/^(?:a|of|the|and|or|to|in|is|for|on|at|as|more|by|with|if|thing|bit|moment)$/.test(singular))
    return undefined;
  // A number word alone seldom counts what follows ("one size", "half a size" do).
  if (/^an?$/i.test(words.split(/[ -]/)[0]!) && singular !== "size") return undefined;
  return { unit: singular, value };
}

/** A date in one form; the year counts when it is there. */
function dateOf(text: string): string {
  const named = new RegExp(`(\\d{1,2})?\\D*?\\b(${MONTHS})[a-z]*\\D*(\\d{1,2})?`, "i").exec(text);
  if (named !== null) return `${named[2]!.toLowerCase()} ${Number(named[1] ?? named[3])}`;
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const [day, month] = iso === null ? text.split(/[./]/).map(Number) : [Number(iso[3]), Number(iso[2])];
  return `${MONTHS.split("|")[month! - 1] ?? month} ${day}`;
}

/** True if both mean the same: equal or within 3 %, as 12 months and 365 days are; five business days are seven days. */
export function sameValue(a: Statement, b: Statement): boolean {
  if (typeof a.value === "string" || typeof b.value === "string")
    return (
      a.value === b.value ||
      (/:/.test(`${a.value}`) && /:/.test(`${b.value}`) && sameTime(`${a.value}`, `${b.value}`))
    );
  if (a.per !== undefined && b.per !== undefined && a.per !== b.per) return false;
  const near = (x: number, y: number): boolean =>
    Math.abs(x - y) <= 0.03 * Math.max(Math.abs(x), Math.abs(y));
  if (near(a.value, b.value)) return true;
  if (a.business === b.business) return false;
  return a.business ? near(1.4 * a.value, b.value) : near(a.value, 1.4 * b.value);
}

/** A quantity that both texts state, in comparable roles, without a common value. */
export function contradiction(
  a: Statements,
  b: Statements,
): { key: string; left: Statement; right: Statement } | undefined {
  for (const [key, left] of a) {
    const right = b.get(key);
    if (right === undefined || left.some((x) => right.some((y) => sameValue(x, y)))) continue;
    for (const x of left) {
      const y = right.find(({ role }) => comparable(x.role, role));
      if (y !== undefined) return { key, left: x, right: y };
    }
  }
  return undefined;
}
