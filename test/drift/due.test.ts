import { expect, test } from "vitest";
import { type DueEvidence, decideDue, policyChanges } from "../../src/drift/due.ts";
import type { DriftResult } from "../../src/drift/result.ts";
import { dueTable } from "../../src/drift/table.ts";
import { parsePolicy } from "../../src/task/policy.ts";

const rules = (text: string) => parsePolicy(text, "policy.md");

/** A comparison with this outcome, as far as `due` reads it. */
const drift = (outcome: DriftResult["outcome"]): DriftResult => ({
  format_version: 1,
  outcome,
  exit_code: 0,
  reason: outcome === "inconclusive" ? "too few in the reference" : null,
  at: "2026-05-31T00:00:00Z",
  log: { file: "may.jsonl", sha256: "", queries: 900, compared: 900, from: null, to: null },
  reference: { made: "2026-03-31T00:00:00Z", queries: 800, compared: 800 },
  look: null,
  statistics:
    outcome === "drift"
      ? [
          {
            name: "words",
            test: "",
            statistic: 9,
            effect: { name: "", value: 1 },
            reference: null,
            new: null,
            p: 0,
            p_holm: 0,
            drifted: true,
          },
        ]
      : [],
  topics: [],
  new_words: outcome === "drift" ? [{ words: "tundra boots", reference: 0, new: 50, p: 0.001 }] : [],
  examples:
    outcome === "drift" ? [{ line: 3, text: "Tundra boots\u001b[31m in 42?", shows: "tundra boots" }] : [],
});
const changes = policyChanges(rules("R1 Sixty days."), rules("R1 Ninety days."));
const quiet: DueEvidence = {
  retrain: { min_new_queries: 300, on_drift: true, on_policy_change: true },
  ageDays: 400,
  policyChanges: [],
  newQueries: 900,
  drift: drift("no drift"),
};

test("rules are compared by id, text and criticality", () => {
  const before = rules("R1 Sixty days.\nR2 Boots run large.\nR3 (critical) Unworn.\nR4 Free.");
  const after = rules("R4 Free.\nR3 Unworn.\nR1 Ninety days.\nR5 A fee after day 30.");
  expect(policyChanges(before, after)).toEqual([
    { rule: "R3", change: "changed", before: "(critical) Unworn.", after: "Unworn." },
    { rule: "R1", change: "changed", before: "Sixty days.", after: "Ninety days." },
    { rule: "R5", change: "added", before: null, after: "A fee after day 30." },
    { rule: "R2", change: "removed", before: "Boots run large.", after: null },
  ]);
  expect(policyChanges(before, before)).toEqual([]);
});

test.each<[string, Partial<DueEvidence>, string, number]>([
  ["nothing but a high age", {}, "not due", 0],
  ["the age that the task allows", { retrain: { ...quiet.retrain, max_age_days: 400 } }, "not due", 0],
  ["a higher age", { retrain: { ...quiet.retrain, max_age_days: 399 } }, "due", 1],
  ["drift", { drift: drift("drift") }, "due", 1],
  [
    "drift that the task ignores",
    { drift: drift("drift"), retrain: { ...quiet.retrain, on_drift: false } },
    "not due",
    0,
  ],
  ["a changed rule", { policyChanges: changes }, "due", 1],
  [
    "a changed rule that the task ignores",
    { policyChanges: changes, retrain: { ...quiet.retrain, on_policy_change: false } },
    "not due",
    0,
  ],
  ["no new queries", { newQueries: null, drift: null }, "cannot say", 4],
  [
    "no new queries, and drift ignored",
    { newQueries: null, drift: null, retrain: { ...quiet.retrain, on_drift: false } },
    "not due",
    0,
  ],
  ["too few new queries", { newQueries: 299, drift: null }, "cannot say", 4],
  [
    "too few new queries after a quiet comparison",
    { newQueries: 299, drift: drift("no drift") },
    "cannot say",
    4,
  ],
  ["too few new queries after drift was found", { newQueries: 299, drift: drift("drift") }, "due", 1],
  ["a comparison that says nothing", { drift: drift("inconclusive") }, "cannot say", 4],
  ["a changed rule and no new queries", { policyChanges: changes, newQueries: null, drift: null }, "due", 1],
])("%s", (_, evidence, outcome, exitCode) => {
  const answer = decideDue({ ...quiet, ...evidence });
  expect(answer).toMatchObject({ outcome, exitCode });
  expect(answer.reasons.map(({ about }) => about)).toEqual(["age", "policy", "drift"]);
  expect(dueTable(answer, false)).toContain(`retraining: ${outcome}`);
});

test("the answer names what is new and both texts of a rule, and nothing of a query steers the terminal", () => {
  const text = dueTable(decideDue({ ...quiet, drift: drift("drift"), policyChanges: changes }), false);
  expect(text).toContain(
    'drift of words in 900 new queries against 800 of the training period; more frequent: "tundra boots"',
  );
  expect(text).toMatch(/R1 changed\n {2}then: Sixty days\.\n {2}now: {2}Ninety days\./);
  expect(text).toContain("line 3: Tundra boots [31m in 42?");
});

test("drift that was found earlier is named beside a log that is too short", () => {
  const { reasons } = decideDue({ ...quiet, newQueries: 12, drift: drift("drift") });
  const text = reasons.find(({ about }) => about === "drift")!.text;
  expect(text).toContain("12 new queries are fewer than min_new_queries, 300");
  expect(text).toContain("of 900 queries (may.jsonl) drift already found: drift of words");
});
