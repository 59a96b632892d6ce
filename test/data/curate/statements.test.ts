import { describe, expect, it } from "vitest";
import { contradiction, statementsOf } from "../../../src/data/curate/statements.ts";

const values = (text: string, key: string) =>
  statementsOf(text)
    .get(key)
    ?.map(({ value }) => value);

describe("what a text states", () => {
  it.each([
    ["within 60 days of delivery", "day", [60]],
    ["a two-week trial, or a fortnight", "day", [14]],
    ["12 months, that is one year", "day", [360, 365]],
    ["within 5 working days or five business days", "business day", [5]],
    ["it costs £4.50, or 5 euros, or $1,200.00", "money", [4.5, 5, 1200]],
    ["15 % off, or 20 percent", "percent", [15, 20]],
    ["one half size up, or half a size", "size", [0.5]],
    ["a full size", "size", [1]],
    ["by 14 March or 2026-03-31", "date", ["mar 14", "mar 31"]],
    ["from 9 am to 17:30", "time", ["9:00", "17:30"]],
    ["Yes, you can.", "yes or no", ["yes"]],
    ["Hi there, no, sorry.", "yes or no", ["no"]],
    ["No problem, send it.", "yes or no", ["yes"]],
    ["Take the larger one", "up or down", [1]],
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
    ["Yes, of course.", "Unfortunately not.", "yes or no"],
    ["€10 and 60 days", "60 days", undefined],
    ["60 days, once 30 days", "60 days", undefined],
    ["half a size up", "half a size down", "up or down"],
  ])("%s against %s: %s", (a, b, key) => expect(between(a, b)).toBe(key));
});
