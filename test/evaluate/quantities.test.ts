import { describe, expect, test } from "vitest";
import { judgeNumber } from "../../src/evaluate/checks/number.ts";
import { quantitiesIn } from "../../src/evaluate/checks/quantities.ts";
import { createRng } from "../../src/rng.ts";

const values = (text: string) => quantitiesIn(text).map(({ value }) => value);

describe("quantitiesIn", () => {
  test.each([
    ["within 60 days", [60]],
    ["sixty days", [60]],
    ["twenty-one or twenty two", [21, 22]],
    ["two hundred and five, one hundred", [205, 100]],
    ["a hundred and a thousand", [100, 1000]],
    ["three thousand four hundred and twelve", [3412]],
    ["1,000 and 12.50", [1000, 12.5]],
    ["half a size up, or one half size", [0.5, 0.5]],
    ["size 8½ or eight and a half", [8.5, 8.5]],
    ["rule R12, the 1st and 22nd, a hundredfold", []],
    ["five six", [5, 6]],
    ["zero or nineteen", [0, 19]],
    ["20-30 days, 60days", [20, 30, 60]],
    ["the hundred and hand over", []],
    ["ten and twenty", [10, 20]],
    ["", []],
  ])("%j states %j", (text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  test("property: every number up to 9,999 reads the same in words as in digits", () => {
    const ones =
      "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
        " ",
      );
    const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
    const words = (n: number): string => {
      if (n < 20) return ones[n]!;
      if (n < 100) return tens[Math.floor(n / 10) - 2]! + (n % 10 === 0 ? "" : `-${ones[n % 10]}`);
      const [scale, name] = n < 1000 ? [100, "hundred"] : [1000, "thousand"];
      const rest = n % scale;
      const joined = rest === 0 ? "" : rest < 100 ? ` and ${words(rest)}` : ` ${words(rest)}`;
      return `${words(Math.floor(n / scale))} ${name}${joined}`;
    };
    const rng = createRng(5);
    for (let i = 0; i < 2000; i++) {
      const n = i < 200 ? i : rng.int(10_000);
      expect(values(`We say ${words(n)} pairs, or ${n.toLocaleString("en")}.`), words(n)).toEqual([n, n]);
    }
  });
});

describe("number", () => {
  test.each([
    ["You have 60 days."],
    ["Sixty days from delivery."],
    ["It is a 60-day window."],
    ["sixty (60) days"],
    ["60 calendar days"],
    ["Not 30 but 60 days."],
    ["60 Days!"],
  ])("%j states 60 days", (text) => {
    expect(judgeNumber({ number: 60, unit: "days" }, text).passed).toBe(true);
    expect(judgeNumber({ number: 60, unit: "day" }, text).passed).toBe(true);
  });

  test.each([
    ["You have two months.", "states two months, not 60 days"],
    ["You have thirty days and 60 options.", "states thirty days, not 60 days"],
    ["Within 30 days, or 45 days.", "states 30 days, 45 days, not 60 days"],
    ["Soon.", "states no number, 60 days was asked"],
    ["It is 60.", "states 60, not 60 days"],
    ["160 days", "states 160 days, not 60 days"],
    ["60 in seven days", "states seven days, not 60 days"],
  ])("%j does not: %s", (text, why) => {
    expect(judgeNumber({ number: 60, unit: "days" }, text).reason).toBe(why);
  });

  test("units of several words, before the number, and with sibilants", () => {
    expect(judgeNumber({ number: 5, unit: "business days" }, "in 5 business days").passed).toBe(true);
    expect(judgeNumber({ number: 5, unit: "business days" }, "in 5 days").reason).toBe(
      "states 5 days, not 5 business days",
    );
    expect(judgeNumber({ number: 8, unit: "size" }, "Take size 8.").passed).toBe(true);
    expect(judgeNumber({ number: 20, unit: "£" }, "It costs £20.").passed).toBe(true);
    expect(judgeNumber({ number: 2, unit: "inches" }, "one inch, two inches").passed).toBe(true);
    expect(judgeNumber({ number: 60 }, "sixty").passed).toBe(true);
  });
});
