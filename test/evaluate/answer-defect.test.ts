import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defectOf, LOOPING, repeatedShare } from "../../src/evaluate/answers/answer-defect.ts";
import { type Check, judgeCheck, parseCheck } from "../../src/evaluate/checks/index.ts";
import { taskSchema } from "../../src/task/schema.ts";

const rules = {
  style: [{ name: "no blame", not_contains: ["your fault"] }],
  wording: taskSchema.shape.wording.parse(undefined),
  folder: "/nowhere",
};
const judge = (check: object, text: string, finish: "stop" | "length" = "stop") =>
  judgeCheck(
    parseCheck(check, rules) as Check,
    { id: "a", text, finish, options: new Map(), row: {} },
    { rules, scripts: new Map(), groups: new Map([["g", new Map([["a", text]])]]) },
  );

/** Every check on an answer's text that forbids something or accepts anything, and so could let nothing pass. */
const LENIENT = [
  { not_contains: ["your fault"] },
  { regex: ".*" },
  { regex: "^\\s*$" },
  { refuses: false },
  { hands_over: false },
  { style: "no blame" },
  { rouge_l: { reference: "a b", at_least: 0 } },
  { chrf: { reference: "a b", at_least: 0 } },
  { consistent_with: "g" },
];
const LOOP = "I can help you with that. I can help you with that. I can help you with that. I can help you";

describe("an answer that is no answer passes nothing", () => {
  test.each(LENIENT)("%j", (check) => {
    for (const text of ["", "  \n", "...", LOOP]) {
      expect(judge(check, text)).toMatchObject({ score: 0, passed: false });
    }
    expect(judge(check, "").reason).toBe("the answer is empty");
    expect(judge(check, LOOP).reason).toMatch(/^the answer loops: \d\d % of its 4-grams are repeats$/);
  });

  test("a loop fails the check whose words it holds", () => {
    expect(judge({ contains: ["help you"] }, LOOP).passed).toBe(false);
    expect(judge({ contains: ["help you"] }, "I can help you with that.").passed).toBe(true);
  });
});

describe("a cut-off answer", () => {
  test.each([
    { not_contains: ["your fault"] },
    { hands_over: false },
    { refuses: false },
    { style: "no blame" },
    { equals: "It is 60 days" },
    { regex: "60 days$" },
    { regex: "60 days\\z" },
    { claims: { right: "60 days", wrong: "90 days" } },
    { rouge_l: { reference: "It is 60 days", at_least: 0.5 } },
  ])("fails %j, which its end could still break", (check) => {
    expect(judge(check, "It is 60 days").passed).toBe(true);
    expect(judge(check, "It is 60 days", "length")).toMatchObject({
      passed: false,
      reason: expect.stringContaining("cut off at max_new_tokens"),
    });
  });

  test.each([
    { contains: ["60 days"] },
    { number: 60, unit: "days" },
    { regex: "60 days" },
    { regex: "\\d+ days|costs \\$20|[$€]\\d" },
    { slots: { period: "60 days" } },
  ])("passes %j, which its end cannot take back", (check) => {
    expect(judge(check, "It is 60 days from", "length").passed).toBe(true);
  });
});

describe("repeatedShare", () => {
  test("counts the 4-grams that occurred before", () => {
    // a b c d | b c d a | c d a b | d a b c | a b c d: one of five is a repeat.
    expect(repeatedShare("a b c d a b c d")).toBeCloseTo(1 / 5, 12);
    expect(repeatedShare("no no no no no no")).toBeCloseTo(2 / 3, 12);
    expect(repeatedShare("Within 60 days.")).toBe(0);
    expect(repeatedShare("!!!!!!!!!!")).toBeCloseTo(6 / 7, 12);
  });

  test("counts characters where words are not separated", () => {
    expect(repeatedShare("可以退货可以退货可以退货")).toBeGreaterThan(LOOPING);
    expect(repeatedShare("六十天之内可以退货，请保留收据。")).toBe(0);
  });

  // fixtures/loops.json says which models wrote these.
  test("of real answers of small models the loops are loops, and repetitive answers are not", () => {
    const url = new URL("fixtures/loops.json", import.meta.url);
    const { loops, answers } = JSON.parse(readFileSync(url, "utf8")) as Record<string, string[]>;
    expect(loops!.filter((text) => defectOf(text) === undefined)).toEqual([]);
    expect(answers!.filter((text) => defectOf(text) !== undefined)).toEqual([]);
  });

  test.each([
    "Monday 9 to 5, Tuesday 9 to 5, Wednesday 9 to 5, Thursday 9 to 5, Friday 9 to 4.",
    '[{"size": 8, "unit": "UK"}, {"size": 9, "unit": "UK"}, {"size": 10, "unit": "UK"}]',
    "Yes, yes, of course you can return them within 60 days. Yes, you can.",
    "You can return it within 60 days of delivery. After 60 days of delivery you cannot return it.",
  ])("lists and emphasis are no loops: %s", (text) => {
    expect(defectOf(text)).toBeUndefined();
  });
});
