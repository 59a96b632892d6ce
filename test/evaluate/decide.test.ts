import { describe, expect, test } from "vitest";
import { judge, overall } from "../../src/evaluate/decide.ts";
import type { PairedScore } from "../../src/evaluate/evidence.ts";
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

/** Share of `sets` simulated runs that pass: clusters of one to four cases, each fixed or broken with these rates. */
function passShare(criterion: Criterion, sets: number, fix: number, breaks: number, clusters = 60): number {
  const rng = createRng(2026);
  let passed = 0;
  for (let set = 0; set < sets; set++) {
    const scores = Array.from({ length: clusters }, (_, cluster) =>
      Array.from({ length: 1 + rng.int(4) }, (_, i): PairedScore => {
        const u = rng.next();
        const [base, tuned] = u < fix ? [0, 1] : u < fix + breaks ? [1, 0] : [1, 1];
        return { id: `${cluster}-${i}`, cluster: String(cluster), base, tuned };
      }),
    ).flat();
    if (judge(criterion, scores, { alpha: 0.05, seed: set, draws: 999 }).outcome === "pass") passed++;
  }
  return passed / sets;
}

// The long simulation (test/long/gate-truth.mjs) has 2,000 sets of each kind; here 300 have a standard error of 1.3 points at 5 %.
test.each([
  ["no true difference", superiority, 0.2, 0.2],
  ["exactly the margin", { ...superiority, margin: 0.15, effect: 0.4 } as Criterion, 0.3, 0.15],
  ["exactly the tolerated loss, which strikes rarely", notWorse, 0, 0.05],
])("with %s at most about alpha of the runs pass", (_, criterion, fix, breaks) => {
  expect(passShare(criterion, 300, fix, breaks)).toBeLessThan(0.09);
});

test("with the planned effect nearly all pass", () => {
  expect(passShare(superiority, 60, 0.3, 0.1)).toBeGreaterThan(0.9);
});

test("announced slices are claims corrected for their number, and decide nothing", () => {
  const slice = (name: string, n: number, fixed: number) => ({
    where: { slice: name },
    scores: outcomes(n, fixed, 0).map((score) => ({ ...score, id: `${name}-${score.id}` })),
  });
  const slices = [
    slice("fit", 60, 6),
    slice("returns", 60, 20),
    slice("small", 12, 12),
    slice("refunds", 60, 0),
  ];
  const scores = outcomes(200, 60, 0);
  const { announced, outcome } = judge(superiority, scores, { alpha: 0.025, seed: 1 }, slices);
  // 6 fixed of 60: p = 1/64, times 2 after Holm.
  expect(announced?.map(({ improved }) => improved)).toEqual([false, true, false, false]);
  expect(announced?.[0]?.p).toBeLessThan(0.025);
  expect(announced?.[0]?.p_holm).toBeCloseTo(2 * announced![0]!.p, 12);
  expect(outcome).toBe("pass");
  const [alone] = judge(superiority, scores, { alpha: 0.025, seed: 1 }, slices.slice(0, 1)).announced!;
  expect(alone?.improved).toBe(true);
});
