import { expect, test } from "vitest";
import { judge, type PairedScore } from "../../src/evaluate/decide.ts";
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
  // (1.96 + 0.84) * 0.5 / sqrt(36), and the clusters at which that becomes 0.2.
  expect(notes[0]?.detectable).toBeCloseTo(0.2333, 2);
  // 49.05, with a quantile function that is good to three digits.
  expect(Math.abs(notes[0]!.needed - 50)).toBeLessThanOrEqual(1);
  expect(notes[2]?.needed).toBeGreaterThan(250);
});

test("with as many clusters as it asks for, about 80 % of runs with the planned effect pass", async () => {
  const { task, cases } = await scenario(60);
  const [domain] = powerNotes(task.success, cases, 0.025);
  const rng = createRng(5);
  const runs = 60;
  let passed = 0;
  for (let run = 0; run < runs; run++) {
    // Differences +1, 0, -1 with mean 0.2 and standard deviation 0.5.
    const scores = Array.from({ length: domain!.needed }, (_, i): PairedScore => {
      const u = rng.next();
      const [base, tuned] = u < 0.245 ? [0, 1] : u < 0.29 ? [1, 0] : [1, 1];
      return { id: String(i), cluster: String(i), base, tuned };
    });
    if (judge(task.success[0]!, scores, { alpha: 0.025, seed: run }).outcome === "pass") passed++;
  }
  expect(passed / runs).toBeGreaterThan(0.65);
  expect(passed / runs).toBeLessThan(0.95);
});
