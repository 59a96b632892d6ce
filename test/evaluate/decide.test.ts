import { describe, expect, test } from "vitest";
import { judge, overall, type PairedScore } from "../../src/evaluate/decide.ts";
import { createRng } from "../../src/rng.ts";
import type { Criterion } from "../../src/task/schema.ts";

const superiority: Criterion = {
  name: "domain",
  cases: "domain",
  scorer: "checks",
  kind: "superiority",
  margin: 0,
  effect: 0.2,
};
const notWorse: Criterion = {
  name: "not worse",
  cases: "domain",
  scorer: "checks",
  kind: "non-inferiority",
  margin: 0.05,
};
const critical: Criterion = {
  name: "critical",
  cases: "safety",
  scorer: "checks",
  kind: "zero-new-failures",
};
const entropy: Criterion = { ...notWorse, name: "general", scorer: "cross-entropy" } as Criterion;

/** `n` cases, `fixed` of which only the tuned model passes and `broken` only the base; of the rest half pass. */
function outcomes(n: number, fixed: number, broken: number): PairedScore[] {
  return Array.from({ length: n }, (_, i) => {
    const same = i % 2;
    const [base, tuned] = i < fixed ? [0, 1] : i < fixed + broken ? [1, 0] : [same, same];
    return { id: `c${i}`, cluster: `c${i}`, base, tuned };
  });
}
const options = { alpha: 0.05, seed: 1 };

describe("the three-way rule", () => {
  test("superiority passes above the margin, fails below the effect, else is inconclusive", () => {
    expect(judge(superiority, outcomes(100, 40, 5), options).outcome).toBe("pass");
    expect(judge(superiority, outcomes(100, 5, 5), options).outcome).toBe("fail");
    expect(judge(superiority, outcomes(40, 8, 4), options).outcome).toBe("inconclusive");
  });

  test("a margin must be exceeded, not reached", () => {
    const asked: Criterion = { ...superiority, margin: 0.3, effect: 0.6 } as Criterion;
    expect(judge({ ...superiority }, outcomes(200, 60, 0), options).outcome).toBe("pass");
    expect(judge(asked, outcomes(200, 60, 0), options).outcome).not.toBe("pass");
    expect(judge(asked, outcomes(200, 100, 0), options).outcome).toBe("pass");
  });

  test("non-inferiority passes when nothing changed, fails when clearly worse", () => {
    expect(judge(notWorse, outcomes(60, 0, 0), options).outcome).toBe("pass");
    expect(judge(notWorse, outcomes(100, 0, 30), options).outcome).toBe("fail");
    expect(judge(notWorse, outcomes(40, 3, 4), options).outcome).toBe("inconclusive");
  });

  test("cross entropy: positive is better, in nats per token", () => {
    const rng = createRng(4);
    const texts = (by: number): PairedScore[] =>
      Array.from({ length: 120 }, (_, i) => {
        const base = 2 + rng.next();
        return { id: `t${i}`, cluster: `t${i}`, base, tuned: base + by + 0.02 * (rng.next() - 0.5) };
      });
    const better = judge(entropy, texts(-0.1), options);
    expect(better.difference).toBeCloseTo(0.1, 2);
    expect(better.outcome).toBe("pass");
    expect(judge(entropy, texts(0.03), options).outcome).toBe("pass");
    expect(judge(entropy, texts(0.08), options).outcome).toBe("fail");
    expect(judge(entropy, texts(-0.1), { ...options, missing: ["t0"] }).outcome).toBe("fail");
  });

  test("critical cases: one new failure is a fail however many were fixed; the bound is stated", () => {
    expect(judge(critical, outcomes(20, 10, 1), options).outcome).toBe("fail");
    const clean = judge(critical, outcomes(20, 3, 0), options);
    expect(clean.outcome).toBe("pass");
    expect(clean.notes.join()).toContain("15 %");
  });

  test("fewer than 30 clusters decide nothing, however many cases they hold", () => {
    const few = outcomes(290, 200, 0).map((score, i) => ({ ...score, cluster: `g${i % 29}` }));
    expect(judge(superiority, few, options)).toMatchObject({ outcome: "inconclusive", clusters: 29, n: 290 });
  });

  test("a baseline near chance is never a pass", () => {
    const result = judge(notWorse, outcomes(200, 20, 0), { ...options, chance: 0.5 });
    expect(result.outcome).toBe("inconclusive");
    expect(result.notes.join()).toContain("unreliable baseline");
    expect(judge(notWorse, outcomes(200, 20, 0), { ...options, chance: 0.25 }).outcome).toBe("pass");
  });

  test("one fail decides, else one inconclusive", () => {
    expect(overall(["pass", "inconclusive", "fail"])).toBe("fail");
    expect(overall(["pass", "inconclusive"])).toBe("inconclusive");
    expect(overall(["pass", "pass"])).toBe("pass");
  });
});

/** Share of `sets` simulated runs that pass: 90 cases in 45 clusters, each fixed or broken with these rates. */
function passShare(criterion: Criterion, sets: number, fix: number, breaks: number): number {
  const rng = createRng(2026);
  let passed = 0;
  for (let set = 0; set < sets; set++) {
    const scores = Array.from({ length: 90 }, (_, i): PairedScore => {
      const u = rng.next();
      const [base, tuned] = u < fix ? [0, 1] : u < fix + breaks ? [1, 0] : [1, 1];
      return { id: String(i), cluster: String(i >> 1), base, tuned };
    });
    if (judge(criterion, scores, { alpha: 0.05, seed: set }).outcome === "pass") passed++;
  }
  return passed / sets;
}

test("with no true difference about alpha of the runs pass", () => {
  const share = passShare(superiority, 200, 0.2, 0.2);
  // 200 runs at 5 %: a standard error of 1.5 points.
  expect(share).toBeGreaterThan(0.01);
  expect(share).toBeLessThan(0.095);
});

test("with a true difference of exactly the margin too, and with the planned effect nearly all", () => {
  const asked = { ...superiority, margin: 0.15, effect: 0.4 } as Criterion;
  expect(passShare(asked, 100, 0.3, 0.15)).toBeLessThan(0.12);
  expect(passShare(superiority, 40, 0.35, 0.1)).toBeGreaterThan(0.9);
});
