import { describe, expect, it } from "vitest";
import { stanceOf } from "../../../src/data/curate/text/stance.ts";
import { contradiction, statementsOf } from "../../../src/data/curate/text/statements.ts";

const values = (text: string, key: string) =>
  statementsOf(text)
    .get(key)
    ?.map(({ value }) => value);

describe("what a text states", () => {
  it.each([
    ["within 60 days of delivery", "day", [60]],
    ["a two-week trial, or a fortnight", "day", [14]],
    ["12 months, that is one year", "day", [360, 365]],
    ["within 5 working days or five business days", "day", [5]],
    ["a 48-hour window", "day", [2]],
    ["it costs £4.50, or 5 euros, or $1,200.00", "money", [4.5, 5, 1200]],
    ["15 % off, or 20 percent", "percent", [15, 20]],
    ["one half size up, or half a size", "size", [0.5]],
    ["a full size", "size", [1]],
    ["by 14 March or 2026-03-31", "date", ["mar 14", "mar 31"]],
    ["from 9 am to 17:30", "time", ["9:00", "17:30"]],
    ["Delivery is free", "money", [0]],
    ["£5 a day", "money", [5]],
    ["until 5.30 p.m. or half past five", "time", ["17:30", "5:30?"]],
    ["on Sundays from 10 to 4", "time", ["10:00?", "4:00?"]],
    ["takes four and a half hours", "day", [4.5 / 24]],
  ])("%s: %s", (text, key, expected) => expect(values(text, key)).toEqual(expected));

  it.each(["one of them", "a bit more", "it is the one", "no worries at all", "the 2nd door"])(
    "%s: nothing",
    (text) => expect([...statementsOf(text).keys()]).toEqual([]),
  );
});

describe("contradiction", () => {
  const between = (a: string, b: string) => contradiction(statementsOf(a), statementsOf(b))?.key;
  it.each([
    ["within 60 days", "within 30 days", "day"],
    ["two months", "60 days", undefined],
    ["365 days", "12 months", undefined],
    ["5 business days", "5 days", undefined],
    ["€10 and 60 days", "60 days", undefined],
    ["60 days, once 30 days", "60 days", undefined],
    ["free of charge", "it costs £5", "money"],
    ["5 working days", "7 days", undefined],
    ["5 working days", "9 days", "day"],
    ["24 hours before arrival", "it takes 2 hours", undefined],
    ["free from £75", "it costs £6.50, or nothing from £75", undefined],
  ])("%s against %s: %s", (a, b, key) => expect(between(a, b)).toBe(key));
});

describe("stance", () => {
  it.each([
    ["Yes, you can.", "yes"],
    ["Hi there, no, sorry.", "no"],
    ["No problem, send it.", "yes"],
    ["Unfortunately not.", "no"],
    ["That's fine, bring it in.", "yes"],
    ["Houseplants aren't covered.", "no"],
    ["It is £5.", undefined],
  ] as const)("%s: %s", (answer, stance) => expect(stanceOf(answer)).toBe(stance));
});

it("amounts with different rates, and times in words and digits", () => {
  const clash = (a: string, b: string) => contradiction(statementsOf(a), statementsOf(b)) !== undefined;
  expect(clash("closes at half past five", "we close at 17:30")).toBe(false);
  expect(clash("closes at half past five", "we close at 18:30")).toBe(true);
  expect(statementsOf("£15 each way").get("money")?.[0]?.per).toBe("way");
  // "One plant a month" is a rate, no length of time.
  expect(values("one plant a month", "day")).toBe(undefined);
});
