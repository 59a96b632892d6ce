import { expect, test } from "vitest";
import type { CriterionResult } from "../../src/evaluate/decision/decide.ts";
import { disagreements, seedResult } from "../../src/evaluate/decision/seeds.ts";

const result = (changes: Partial<CriterionResult>): CriterionResult => ({
  name: "c",
  kind: "superiority",
  scorer: "checks",
  base: 0,
  tuned: 0,
  difference: 0,
  estimate: changes.difference ?? 0,
  bar: 0,
  per_case: { base: 0, tuned: 0, difference: 0 },
  ci: [0, 0],
  alpha: 0.025,
  p: 1,
  n: 40,
  clusters: 40,
  outcome: "inconclusive",
  notes: [],
  ...changes,
});

test.each([
  [{ difference: 0.01 }, true],
  [{ difference: 0 }, false],
  [{ difference: 0.05, bar: 0.1 }, false],
  [{ kind: "non-inferiority", difference: -0.04, bar: -0.05 }, true],
  [{ kind: "non-inferiority", difference: -0.05, bar: -0.05 }, false],
  [{ kind: "zero-new-failures", difference: 0.3, failures: 1 }, false],
  [{ kind: "zero-new-failures", difference: 0, failures: 0 }, true],
  [{ kind: "zero-failures", difference: 0.3, failures: 1 }, false],
  [{ kind: "at-least", difference: 0.3, estimate: 0.4, bar: 0.5 }, false],
  [{ kind: "at-least", difference: -0.1, estimate: 0.6, bar: 0.5 }, true],
  [{ kind: "at-most", difference: -0.1, estimate: 0.1, bar: 0.2 }, true],
] as const)("%o is on the right side: %s", (changes, right) => {
  const { against, differences } = seedResult(8, "seeds/8", [result(changes)]);
  expect(against).toEqual(right ? [] : ["c"]);
  expect(differences).toEqual({ c: changes.difference });
});

test("the first seed is judged by its own verdict; of the others every criterion that points elsewhere is named", () => {
  const bad = seedResult(8, "seeds/8", [result({ difference: -0.1 }), result({ name: "d", difference: 1 })]);
  expect(disagreements([bad])).toEqual([]);
  expect(disagreements([bad, bad])).toEqual(["seed 8: c, difference -0.100, is not what is asked"]);
});
