import { expect, test } from "vitest";
import { judge } from "../../src/evaluate/decide.ts";
import type { PairedScore } from "../../src/evaluate/evidence.ts";
import { powerNotes } from "../../src/evaluate/power.ts";
import { createRng } from "../../src/rng.ts";
import { scenario } from "./scenario.ts";

test("power before training counts clusters, and zero-new-failures has none", async () => {
  const { task, cases } = await scenario(60);
  const notes = powerNotes(task.success, cases, 0.025);
  expect(notes.map(({ name, clusters }) => [name, clusters])).toEqual([
    ["domain", 36],
    ["short", 36],
    ["general", 36],
  ]);
  // By hand, of 36 clusters: 3.365 * hypot(sqrt(0.5 / 36), 1.2 / 36) + 1.2 / 36.
  expect(notes[0]?.detectable).toBeCloseTo(0.446, 2);
  expect(notes[0]).toMatchObject({ planned: 0.2, needed: expect.any(Number) });
  const needed = notes[0]!.needed;
  const found = (n: number) => 3.365 * Math.hypot(Math.sqrt(0.5 / n), 1.2 / n) + 1.2 / n;
  expect(found(needed + 1)).toBeLessThan(0.2);
  expect(found(needed - 2)).toBeGreaterThan(0.2);
  expect(notes[2]?.needed).toBeGreaterThan(100);
});

test("with as many clusters as it asks for, at least 90 % of runs with the planned effect pass", async () => {
  const { task, cases } = await scenario(60);
  const [domain] = powerNotes(task.success, cases, 0.025);
  const rng = createRng(5);
  const runs = 100;
  let passed = 0;
  for (let run = 0; run < runs; run++) {
    // Base and tuned answer independently: right in 40 and in 60 % of the cases.
    const scores = Array.from({ length: domain!.needed }, (_, i): PairedScore => {
      const [base, tuned] = [rng.next() < 0.4 ? 1 : 0, rng.next() < 0.6 ? 1 : 0];
      return { id: String(i), cluster: String(i), base, tuned };
    });
    const { outcome } = judge(task.success[0]!, scores, { alpha: 0.025, seed: run, draws: 1999 });
    if (outcome === "pass") passed++;
  }
  // The long simulation has 2,000 runs; these have a standard error of 3 points.
  expect(passed / runs).toBeGreaterThan(0.84);
});
