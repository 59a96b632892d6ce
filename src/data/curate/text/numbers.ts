/** Number words that count things. "both" and "twice" count without naming a unit, so that quantities leave them out. */
export const NUMBER_WORDS: Readonly<Record<string, number>> = {
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
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
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
const COUNTS: Readonly<Record<string, number>> = { both: 2, twice: 2, double: 2, pair: 2, couple: 2 };

/** Source of a pattern for a number in digits or words: "14", "1,200.50", "fourteen", "four and a half". */
export const NUMBER = `\\d+(?:[.,]\\d+)*|one half|(?:${Object.keys(NUMBER_WORDS).join("|")})(?: and a half)?\\b`;

/** The value of what NUMBER matches. 1,234.50 and 1.234,50 are one number. */
export function numberOf(text: string): number {
  const [word, more] = text.toLowerCase().split(" and ");
  if (word === "one half") return 0.5;
  const known = NUMBER_WORDS[word!];
  if (known !== undefined) return known + (more === undefined ? 0 : 0.5);
  const decimal = /[.,](\d{1,2})$/.exec(text);
  const whole = (decimal === null ? text : text.slice(0, decimal.index)).replace(/[.,]/g, "");
  return Number(`${whole}.${decimal?.[1] ?? 0}`);
}

/** All numbers above one of a text, whatever they count. */
export function numbersIn(text: string): number[] {
  return (text.toLowerCase().match(/\d+(?:\.\d+)?|\p{L}+/gu) ?? []).flatMap((word) => {
    const value = /\d/.test(word) ? Number(word) : (NUMBER_WORDS[word] ?? COUNTS[word]);
    return value === undefined || (value <= 1 && !/\d/.test(word)) ? [] : [value];
  });
}
