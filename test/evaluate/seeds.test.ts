import { expect, test } from "vitest";
import type { CriterionResult } from "../../src/evaluate/decide.ts";
import { disagreements, seedResult } from "../../src/evaluate/seeds.ts";

const result = (changes: Partial<CriterionResult>): CriterionResult => ({
  name: "c",
  kind: "superiority",
  scorer: "checks",
  base: 0,
  tuned: 0,
  difference: 0,
  ci: [0, 0],
  alpha: 0.025,
  p: 1,
  margin: 0,
  n: 40,
  clusters: 40,
  outcome: "inconclusive",
  detectable: 0,
  notes: [],
  ...changes,
});

test.each([
  [{ difference: 0.01 }, true],
  [{ difference: 0 }, false],
  [{ difference: 0.05, margin: 0.1 }, false],
  [{ kind: "non-inferiority", difference: -0.04, margin: 0.05 }, true],
  [{ kind: "non-inferiority", difference: -0.05, margin: 0.05 }, false],
  [{ kind: "zero-new-failures", difference: 0.3, broken: 1 }, false],
  [{ kind: "zero-new-failures", difference: 0, broken: 0 }, true],
] as const)("%o lies on the right side: %s", (changes, right) => {
  const { against, differences } = seedResult(8, "seeds/8", [result(changes)]);
  expect(against).toEqual(right ? [] : ["c"]);
  expect(differences).toEqual({ c: changes.difference });
});

test("the first seed is judged by its own verdict; of the others every criterion that points elsewhere is named", () => {
  const bad = seedResult(8, "seeds/8", [result({ difference: -0.1 }), result({ name: "d", difference: 1 })]);
  expect(disagreements([bad])).toEqual([]);
  expect(disagreements([bad, bad])).toEqual(["seed 8: c, difference -0.100, is not what is asked"]);
});
