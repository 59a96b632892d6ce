import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Context, Judgement, Rules, Script } from "../../src/evaluate/checks/check.ts";
import { styleFailure } from "../../src/evaluate/checks/conduct.ts";
import { type Check, judgeCheck, parseCheck } from "../../src/evaluate/checks/index.ts";
import { CHECK_NAMES, taskSchema } from "../../src/task/schema.ts";

const { wording } = taskSchema.shape;
const rules: Rules = {
  style: [
    { name: "no blame", not_contains: ["your fault"] },
    { name: "short", max_words: 5 },
  ],
  wording: wording.parse(undefined),
  folder: "/nowhere",
};
const options = new Map([
  ["good", -1],
  ["bad", -2],
  ["worse", -3],
]);
const judge = (check: unknown, text: string, context: Partial<Context> = {}) => {
  const parsed = parseCheck(check, context.rules ?? rules);
  if ("problems" in parsed) throw new Error(parsed.problems.join());
  return judgeCheck(
    parsed as Check,
    { id: "a", text, options, row: {} },
    {
      rules,
      scripts: new Map(),
      groups: new Map(),
      ...context,
    },
  );
};
/** Reason of a failure, or undefined for a pass. */
const failureOf = ({ passed, reason }: Judgement) => (passed ? undefined : reason);
const fails = (check: unknown, text: string) => failureOf(judge(check, text));

const person = {
  type: "object",
  properties: { size: { type: "integer" }, wide: { type: "boolean" } },
  required: ["size"],
  additionalProperties: false,
};

/** Sneakers fit as other shoes do. */
const SIZE = { right: "true to size|usual size", wrong: "(smaller|larger) size" };

describe("checks", () => {
  test.each([
    [{ contains: ["60 days", "unworn"] }, "Within 60  Days, UNWORN.", "Within 60 days."],
    [{ not_contains: ["30 days"] }, "Within 60 days.", "Within 30 Days."],
    [{ regex: "\\b60 days\\b" }, "It is 60 DAYS.", "It is 160 daystogether."],
    [{ regex: "don't|cannot" }, "You CANNOT.", "You can."],
    [{ claims: SIZE }, "They run TRUE to size.", "They run large."],
    [
      { claims: SIZE },
      "Take your usual size, not the smaller size.",
      "They run true to size, so I would advise the smaller size.",
    ],
    [{ claims: SIZE }, "Rather than a smaller size, take your usual size.", "They are not true to size."],
    [
      { claims: SIZE },
      "No worries, the usual size. You don\u2019t need a larger size.",
      "It is not only the usual size but the larger size.",
    ],
    [{ claims: { right: "60 days" } }, "Within 60 days.", "It was never within 60 days."],
    [{ equals: "Yes." }, " yes. ", "Yes"],
    [{ contains: ["don't"] }, "We don\u2019t.", "We do."],
    [{ style: "short" }, "One two three four five", "one two three four five six"],
    [{ style: "no blame" }, "Sorry about that.", "That is Your Fault."],
    [{ refuses: true }, "Sorry, we can\u2019t do that.", "Of course, it is on its way."],
    [{ refuses: false }, "Of course.", "I am unable to help."],
    [{ hands_over: true }, "A colleague will call you.", "Boots run large."],
    [{ hands_over: false }, "The colleagueship of boots.", "Let me pass you on."],
    [{ json_schema: person }, '{"size": 8}', '{"size": "8"}'],
    [{ json_schema: person }, '```json\n{"size": 8, "wide": true}\n```', 'It is {"size": 8}'],
    [{ rouge_l: { reference: "sixty days from delivery", at_least: 0.5 } }, "sixty days", "boots run large"],
    [{ chrf: { reference: ["nothing like it", "60 days"], at_least: 0.9 } }, "60 days", "30 days"],
    [{ slots: { period: { number: 60, unit: "days" }, box: "box" } }, "60 days, in the box", "60 days"],
    [{ slots: { how: ["card", "cash"], size: 8 } }, "size 8, by card", "size 9, by card"],
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
    expect(styleFailure(rules.style[1]!, "a b c d e f")).toBe("short: 6 words, at most 5 allowed");
    expect(fails({ json_schema: person }, '{"size": 8.5, "x": 1}')).toBe(
      "is not of the schema: / must NOT have additional properties; /size must be integer",
    );
    expect(fails({ claims: SIZE }, "True to size, so the smaller size.")).toBe(
      'claims "true to size", and against it "smaller size"',
    );
    expect(fails({ claims: SIZE }, "They are not true to size.")).toBe('denies "true to size"');
    expect(fails({ claims: SIZE }, "No idea.")).toBe("does not claim /true to size|usual size/i");
    expect(fails({ json_schema: person }, "size 8")).toMatch(/^is no JSON: /);
    expect(fails({ rouge_l: { reference: "a b", at_least: 0.9 } }, "a c")).toBe(
      "ROUGE-L 0.500, at least 0.9 was asked",
    );
    expect(fails({ hands_over: false }, "I'll transfer you.")).toBe('hands over: "transfer you"');
    expect(
      fails({ slots: { period: { number: 60, unit: "days" }, box: ["box", "carton"] } }, "30 days"),
    ).toBe('period states 30 days, not 60 days; box does not say "box", "carton"');
  });

  test("graded checks score between fail and pass", () => {
    expect(judge({ slots: { a: "x", b: "y" } }, "x").score).toBe(0.5);
    expect(judge({ rouge_l: { reference: "a b", at_least: 0 } }, "a c")).toEqual({
      score: 0.5,
      passed: true,
      reason: "ROUGE-L 0.500, at least 0 was asked",
    });
  });

  test("a task's own wordings replace the general ones", () => {
    const own = { ...rules, wording: { ...rules.wording, hands_over: ["warranty team"] } };
    const context = { rules: own, scripts: new Map(), groups: new Map() };
    expect(judge({ hands_over: true }, "The Warranty Team decides.", context).passed).toBe(true);
    expect(judge({ hands_over: true }, "A colleague will call.", context).passed).toBe(false);
  });

  test("a pattern that makes a backtracking engine hang takes no time", () => {
    const began = performance.now();
    expect(fails({ regex: "(a+)+$" }, `${"a".repeat(10_000)}!`)).toBeDefined();
    // A backtracking engine would need 2^10000 steps; the bound leaves room for a busy machine.
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

test.each([
  [{ contains: ["60 days"] }, "Within 60 days.", 'says "60 days"'],
  [{ not_contains: ["30 days"] }, "Within 60 days.", 'does not say "30 days"'],
  [
    { regex: "true to size|usual size" },
    "Take your usual size.",
    'matches /true to size|usual size/i: "usual size"',
  ],
  [{ claims: SIZE }, "Your usual size: they are true to size.", 'claims "usual size", "true to size"'],
  [{ number: 60, unit: "days" }, "Within sixty days.", "states sixty days"],
  [
    { slots: { period: { number: 60, unit: "days" }, box: ["box", "carton"] } },
    "60 days, boxed",
    'period states 60 days; box says "box"',
  ],
  [{ hands_over: true }, "I'll transfer you.", 'hands over: "transfer you"'],
  [{ hands_over: false }, "Boots run large.", "does not hand over"],
  [{ choice: { good: "good", bad: ["bad", "worse"] } }, "", 'prefers "good" to "bad", "worse"'],
])("a pass of %j names its evidence", (check, text, reason) => {
  expect(judge(check, text)).toEqual({ score: 1, passed: true, reason });
});

describe("script", () => {
  const call = (script: Script, at_least = 1) =>
    judge({ script: { file: "check.js", at_least } }, "said", {
      scripts: new Map([["check.js", script]]),
      rules: own,
    });
  const folder = mkdtempSync(join(tmpdir(), "lorafit-script-"));
  const own = { ...rules, folder };
  writeFileSync(join(folder, "check.js"), "export default () => true;");
  afterAll(() => rmSync(folder, { recursive: true }));

  test("true, a score and {pass, reason}", () => {
    expect(call(() => true)).toEqual({ score: 1, passed: true, reason: "check.js says yes" });
    expect(call(() => false)).toEqual({ score: 0, passed: false, reason: "check.js says no" });
    expect(call(() => 0.5, 0.5)).toMatchObject({ score: 0.5, passed: true });
    expect(call(() => 0.4, 0.5)).toEqual({
      score: 0.4,
      passed: false,
      reason: "check.js gives 0.4, at least 0.5 was asked",
    });
    expect(call(() => ({ pass: true }))).toMatchObject({ score: 1, passed: true });
    expect(call(() => ({ pass: false, reason: "too long" }))).toMatchObject({
      passed: false,
      reason: "check.js: too long",
    });
  });

  test.each([
    ["a promise", async () => true],
    ["nothing", () => undefined],
    ["a score above 1", () => 40],
  ])("%s is an error that names file and case", (_, script) => {
    expect(() => call(script)).toThrow(/check\.js: returned .* on case a/);
  });

  test("what it throws is named, and it cannot change the case", () => {
    const broken = () => {
      throw new Error("no such field");
    };
    expect(() => call(broken)).toThrow(/check\.js: threw on case a: no such field/);
    const row = { id: "a", tags: ["x"] };
    const check = parseCheck({ script: "check.js" }, own) as Check;
    const push: Script = (_, copy) => (copy["tags"] as string[]).push("y") > 0;
    const context = { rules: own, scripts: new Map([["check.js", push]]), groups: new Map() };
    judgeCheck(check, { id: "a", text: "said", options, row }, context);
    expect(row.tags).toEqual(["x"]);
  });
});

describe("consistent_with", () => {
  const agree = (text: string, ...others: string[]) =>
    judge({ consistent_with: "g" }, text, {
      groups: new Map([["g", new Map([["a", text], ...others.map((t, i) => [`o${i}`, t] as const)])]]),
    });

  test.each([
    ["You have 60 days.", "Sixty days from delivery."],
    ["Yes, you can.", "Of course, within the period."],
    ["No, they cannot go back.", "Sorry, final sale shoes cannot be returned."],
    ["One exchange is free.", "An exchange is free."],
    ["Boots run large.", "You can take a smaller size."],
  ])("%j agrees with %j", (a, b) => {
    expect(agree(a, b).passed).toBe(true);
    expect(agree(b, a).passed).toBe(true);
  });

  test.each([
    ["You have 60 days.", "You have 30 days.", /numbers 60 against 30/],
    ["Yes, you can.", "No, that is not possible.", /yes against no/],
    ["You can return them.", "You cannot return them.", /yes against no/],
    ["A colleague will call you.", "Boots run large.", /hands over, it does not/],
    ["It is 60 days.", "There is a period.", /numbers 60 against none/],
  ])("%j contradicts %j", (a, b, why) => {
    expect(failureOf(agree(a, b))).toMatch(why);
    expect(failureOf(agree(b, a))).toMatch(/^contradicts o0: /);
  });

  test("the score is the mean agreement with the others", () => {
    expect(agree("60 days", "60 days", "60 days").score).toBe(1);
    expect(agree("60 days", "60 days", "30 days").score).toBe(0.5);
    // ROUGE-L of "60 days" and "60 days from now": 2 * 2 / (2 + 4).
    expect(agree("60 days", "60 days from now").score).toBeCloseTo(2 / 3, 12);
  });
});

describe("parseCheck", () => {
  test.each([
    [{ contians: ["x"] }, /unknown check contians; did you mean contains/],
    [{ contains: "x" }, /contains: .*expected array/],
    [{ contains: [] }, /contains/],
    [{ regex: "(" }, /regex: missing closing \)/],
    [{ regex: "(?=a)b" }, /regex: .*RE2, which has no look-around/],
    [{ style: "shrt" }, /no style rule is called shrt; did you mean short/],
    [{ contains: ["x"], regex: "y" }, /one check has one kind, this has contains and regex/],
    ["text", /a check is an object/],
    [{ choice: { good: "a" } }, /choice\.bad: is missing/],
    [{ choice: { good: "a", bda: ["b"] } }, /choice: unknown key bda; did you mean bad\?/],
    [{ number: "60" }, /number: expected number/],
    [{ number: 60, units: "days" }, /unknown key units; did you mean unit\?/],
    [{ slots: {} }, /slots: needs at least one slot/],
    [{ json_schema: { type: "objekt" } }, /json_schema: .*type/],
    [{ json_schema: { pattern: "(?=a)" } }, /json_schema: /],
    [{ rouge_l: { reference: "a", at_least: 40 } }, /rouge_l\.at_least: .*1/],
    [{ script: "check.py" }, /script: check\.py is not a \.js/],
    [{ script: "../outside.js" }, /script: /],
  ])("%j is refused", (check, message) => {
    const parsed = parseCheck(check, rules) as { problems: string[] };
    expect(parsed.problems.join("\n")).toMatch(message);
  });

  test("all mistakes of a check at once", () => {
    const { problems } = parseCheck({ rouge_l: { refrence: "a" } }, rules) as { problems: string[] };
    expect(problems).toHaveLength(3);
  });

  test("docs/scoring.md shows every check and every general wording", () => {
    const page = readFileSync(new URL("../../docs/scoring.md", import.meta.url), "utf8").replace(/\s+/g, " ");
    for (const name of CHECK_NAMES) expect(page).toContain(`{"${name}": `);
    for (const phrase of [...rules.wording.hands_over, ...rules.wording.refuses])
      expect(page).toContain(phrase);
  });

  test("every name of the schema is a check", () => {
    for (const name of CHECK_NAMES) {
      const { problems } = parseCheck({ [name]: null }, rules) as { problems: string[] };
      expect(problems[0]).not.toMatch(/unknown check/);
    }
  });
});
