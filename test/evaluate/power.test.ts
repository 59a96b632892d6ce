import { expect, test } from "vitest";
import { judge } from "../../src/evaluate/decision/decide.ts";
import type { PairedScore } from "../../src/evaluate/decision/evidence.ts";
import { fewestClusters, jointPower, type PowerNote, powerNotes } from "../../src/evaluate/decision/power.ts";
import { clustersNeeded, detectable, powerOf } from "../../src/evaluate/decision/sample-size.ts";
import { createRng } from "../../src/rng.ts";
import type { Criterion } from "../../src/task/schema.ts";
import { scenario } from "./scenario.ts";

const { task, cases } = await scenario(60);
const notesOf = (criteria: readonly Criterion[]): PowerNote[] => powerNotes(criteria, cases, () => 0.025);

test("power before training counts clusters; of the kinds that count it is how many must be at risk", () => {
  const notes = notesOf(task.success);
  expect(notes.map(({ name, clusters, needed }) => [name, clusters, needed! > 36])).toEqual([
    ["domain", 36, true],
    ["short", 36, false],
    ["general", 36, false],
    ["critical", 36, false],
  ]);
  expect(notes[0]).toMatchObject({ planned: 0.2, power: expect.any(Number) });
  // Base and tuned right or wrong by a coin: the normal approximation of a deviation of sqrt(0.5) gives 0.38 alone.
  expect(notes[0]?.detectable).toBeGreaterThan(0.4);
  expect(notes[0]?.detectable).toBeLessThan(0.5);
  // Whether the base passes 36 of 36 is not known beforehand.
  expect(notes[3]).toMatchObject({ needed: 36 });
  expect(notes[3]?.power).toBeUndefined();
});

test("a floor has power only where a score is planned for", () => {
  const floor = { name: "floor", cases: "domain", scorer: "checks", kind: "at-least", floor: 0.5 } as const;
  const [without, planned] = notesOf([floor, { ...floor, expected: 0.8 }]);
  expect(without?.detectable).toBeGreaterThan(0.2);
  expect(without?.power).toBeUndefined();
  expect(planned).toMatchObject({ planned: expect.closeTo(0.3, 9), clusters: 36 });
  expect(planned!.power).toBeGreaterThan(0.8);
});

test("the fewest clusters are those with which judge passes if each is exactly as planned", () => {
  const own = { name: "x", cases: "general" } as const;
  for (const criterion of [
    { ...own, kind: "non-inferiority", margin: 0.05, scorer: "cross-entropy" },
    { ...own, kind: "non-inferiority", margin: 0.05, scorer: "checks" },
    { ...own, kind: "superiority", margin: 0.02, effect: 0.1, scorer: "cross-entropy" },
  ] as const) {
    const gain = criterion.kind === "superiority" ? criterion.effect : 0;
    const scores = (n: number): PairedScore[] =>
      Array.from({ length: n }, (_, i) => ({ id: `${i}`, cluster: `${i}`, base: 1, tuned: 1 - gain }));
    const fewest = fewestClusters(criterion, 0.025)!;
    expect(judge(criterion, scores(fewest), { alpha: 0.025, seed: 1 }).outcome).toBe("pass");
    expect(judge(criterion, scores(fewest - 1), { alpha: 0.025, seed: 1 }).outcome).toBe("inconclusive");
  }
});

test("a tiny margin is answered at once", () => {
  const spread = { deviation: 0.3, reach: 1 };
  const began = performance.now();
  expect(clustersNeeded(spread, 1e-9, 0.025, 30)).toBe(Number.POSITIVE_INFINITY);
  expect(clustersNeeded(spread, 1e-3, 0.025, 30)).toBeGreaterThan(500_000);
  expect(performance.now() - began).toBeLessThan(2000);
});

test("the number needed is the smallest that finds the distance with 90 %, and power says the same", () => {
  for (const spread of [
    { deviation: 0.7, reach: 1 },
    { deviation: 0.3, reach: 0.95 },
    { deviation: 0.15, reach: 4.95 },
  ]) {
    const needed = clustersNeeded(spread, 0.05, 0.025, 30);
    expect(detectable(spread, needed, 0.025)).toBeLessThanOrEqual(0.05);
    expect(detectable(spread, needed - 1, 0.025)).toBeGreaterThan(0.05);
    expect(powerOf(spread, needed, 0.05, 0.025)).toBeCloseTo(0.92, 2);
  }
});

test("joint power is the product if criteria are independent, and bounded however they depend on each other", () => {
  const note = (name: string, power?: number): PowerNote => ({
    name,
    kind: "superiority",
    scorer: "checks",
    cases: 40,
    clusters: 40,
    ...(power !== undefined && { power }),
  });
  const joint = jointPower([note("a", 0.9), note("b", 0.8), note("c")]);
  expect(joint.independent).toBeCloseTo(0.72, 12);
  expect(joint.at_least).toBeCloseTo(0.7, 12);
  expect(joint.unknown).toEqual(["c"]);
});

test("with as many clusters as it asks for, about 90 % of runs with the planned effect pass", () => {
  const [domain] = notesOf(task.success);
  const rng = createRng(5);
  const runs = 200;
  let passed = 0;
  for (let run = 0; run < runs; run++) {
    // Base and tuned answer independently: right in 40 and in 60 % of the cases.
    const scores = Array.from({ length: domain!.needed! }, (_, i): PairedScore => {
      const [base, tuned] = [rng.next() < 0.4 ? 1 : 0, rng.next() < 0.6 ? 1 : 0];
      return { id: String(i), cluster: String(i), base, tuned };
    });
    if (judge(task.success[0]!, scores, { alpha: 0.025, seed: run }).outcome === "pass") passed++;
  }
  // The long simulation has 2,000 runs; these have a standard error of 2 points.
  expect(passed / runs).toBeGreaterThan(0.84);
});
