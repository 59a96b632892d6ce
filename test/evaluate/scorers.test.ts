import { describe, expect, test } from "vitest";
import { type Check, checkFailure, parseCheck, styleFailure } from "../../src/evaluate/scorers.ts";

const styles = [
  { name: "no blame", not_contains: ["your fault"] },
  { name: "short", max_words: 5 },
];
const options = new Map([
  ["good", -1],
  ["bad", -2],
  ["worse", -3],
]);
const fails = (check: unknown, text: string) =>
  checkFailure(parseCheck(check, styles) as Check, { text, options }, styles);

describe("checks", () => {
  test.each([
    [{ contains: ["60 days", "unworn"] }, "Within 60  Days, UNWORN.", "Within 60 days."],
    [{ not_contains: ["30 days"] }, "Within 60 days.", "Within 30 Days."],
    [{ regex: "\\b60 days\\b" }, "It is 60 DAYS.", "It is 160 daystogether."],
    [{ equals: "Yes." }, " yes. ", "Yes"],
    [{ contains: ["don't"] }, "We don\u2019t.", "We do."],
    [{ style: "short" }, "One two three four five", "one two three four five six"],
    [{ style: "no blame" }, "Sorry about that.", "That is Your Fault."],
  ])("%j", (check, passing, failing) => {
    expect(fails(check, passing)).toBeUndefined();
    expect(fails(check, failing)).toBeTypeOf("string");
  });

  test("choice passes when the good option is likelier per token than every bad one", () => {
    expect(fails({ choice: { good: "good", bad: ["bad", "worse"] } }, "")).toBeUndefined();
    expect(fails({ choice: { good: "bad", bad: ["worse", "good"] } }, "")).toMatch(/prefers "good" to "bad"/);
    expect(fails({ choice: { good: "good", bad: ["good"] } }, "")).toBeDefined();
    expect(fails({ choice: { good: "never scored", bad: ["bad"] } }, "")).toBeDefined();
  });

  test("a failure says why", () => {
    expect(fails({ contains: ["60 days", "box"] }, "no")).toBe('does not say "60 days", "box"');
    expect(styleFailure(styles[1]!, "a b c d e f")).toBe("short: 6 words, at most 5 allowed");
  });
});

describe("parseCheck", () => {
  test.each([
    [{ contians: ["x"] }, /unknown check contians; did you mean contains/],
    [{ contains: "x" }, /contains: .*expected array/],
    [{ contains: [] }, /contains/],
    [{ regex: "(" }, /regex: .*Unterminated group/],
    [{ style: "shrt" }, /no style rule is called shrt; did you mean short/],
    [{ contains: ["x"], regex: "y" }, /one check has one kind, this has contains and regex/],
    ["text", /a check is an object/],
    [{ choice: { good: "a" } }, /choice\.bad/],
  ])("%j is refused", (check, message) => {
    expect(parseCheck(check, styles)).toMatchObject({ problem: expect.stringMatching(message) });
  });

  test("kinds of the design that are not there yet are said to be so", () => {
    for (const kind of ["number", "json_schema", "rouge_l", "refuses", "hands_over", "script"]) {
      expect(parseCheck({ [kind]: true }, styles)).toEqual({
        problem: `the check ${kind} is not there yet`,
        later: true,
      });
    }
  });
});
