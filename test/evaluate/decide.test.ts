import { describe, expect, test } from "vitest";
import { judge, overall } from "../../src/evaluate/decision/decide.ts";
import type { PairedScore } from "../../src/evaluate/decision/evidence.ts";
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
const flawless: Criterion = { ...critical, kind: "zero-failures" } as Criterion;
const floor: Criterion = {
  name: "floor",
  cases: "domain",
  scorer: "checks",
  kind: "at-least",
  floor: 0.5,
};
const ceiling: Criterion = {
  name: "ceiling",
  cases: "scope",
  scorer: "checks",
  kind: "at-most",
  ceiling: 0.2,
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
    expect(judge(notWorse, outcomes(58, 0, 0), options).outcome).toBe("inconclusive");
    expect(judge(notWorse, outcomes(100, 0, 30), options).outcome).toBe("fail");
    expect(judge(notWorse, outcomes(40, 3, 4), options).outcome).toBe("inconclusive");
  });

  test("cross entropy: positive is better, in nats per token", () => {
    const rng = createRng(4);
    const texts = (by: number): PairedScore[] =>
      Array.from({ length: 400 }, (_, i) => {
        const base = 2 + rng.next();
        return { id: `t${i}`, cluster: `t${i}`, base, tuned: base + by + 0.02 * (rng.next() - 0.5) };
      });
    const better = judge(entropy, texts(-0.1), options);
    expect(better.difference).toBeCloseTo(0.1, 2);
    expect(better.outcome).toBe("pass");
    expect(judge(entropy, texts(0.005), options).outcome).toBe("pass");
    expect(judge(entropy, texts(0.04), options).outcome).toBe("inconclusive");
    expect(judge(entropy, texts(0.09), options).outcome).toBe("fail");
    expect(judge(entropy, texts(-0.1), { ...options, missing: ["t0"] }).outcome).toBe("fail");
  });

  test("cross entropy: what no text showed may still be there, so few texts decide nothing", () => {
    const same = (n: number): PairedScore[] =>
      Array.from({ length: n }, (_, i) => ({ id: `t${i}`, cluster: `t${i}`, base: 3, tuned: 3 }));
    // A text in a hundred that loses 5 nats is a mean loss of 0.05, and 298 texts show it with 95 %.
    expect(judge(entropy, same(298), options).outcome).toBe("inconclusive");
    expect(judge(entropy, same(299), options).outcome).toBe("pass");
    const { lost } = judge(entropy, same(299), options);
    expect(lost?.share).toBe(0);
    expect(lost?.at_most).toBeCloseTo(1 - 0.05 ** (1 / 299), 6);
    const one = same(299).map((score, i) => (i === 7 ? { ...score, tuned: 5.5 } : score));
    expect(judge(entropy, one, options).lost?.share).toBeCloseTo(1 / 299, 12);
    expect(judge(entropy, one, options).outcome).toBe("inconclusive");
  });

  test("critical cases: one new failure is a fail however many were fixed; the bound is stated", () => {
    expect(judge(critical, outcomes(20, 10, 1), options).outcome).toBe("fail");
    const clean = judge(critical, outcomes(80, 20, 0), options);
    expect(clean).toMatchObject({ outcome: "pass", at_risk: 30, failures: 0 });
    expect(clean.notes.join()).toContain("the base passes 30 of 80 cases, in 30 clusters");
    expect(clean.notes.join()).toContain("9.5 %");
  });

  test("no new failure is not a pass where the base passes almost no case", () => {
    const all = (score: number): PairedScore[] =>
      outcomes(100, 0, 0).map((entry) => ({ ...entry, base: score, tuned: score }));
    expect(judge(critical, all(0), options)).toMatchObject({ outcome: "inconclusive", at_risk: 0, p: 1 });
    expect(judge(critical, outcomes(40, 12, 0), options)).toMatchObject({
      outcome: "inconclusive",
      at_risk: 14,
    });
    expect(judge(critical, all(1), options).outcome).toBe("pass");
  });

  test("zero failures are asked of the tuned model, whatever the base does", () => {
    expect(judge(flawless, outcomes(40, 40, 0), options)).toMatchObject({ outcome: "pass", at_risk: 40 });
    expect(judge(flawless, outcomes(20, 20, 0), options).outcome).toBe("inconclusive");
    expect(judge(flawless, outcomes(40, 38, 0), options)).toMatchObject({ outcome: "fail", failures: 1 });
    const grouped = outcomes(40, 40, 0).map((score, i) => ({ ...score, cluster: `g${i % 10}` }));
    expect(judge(flawless, grouped, options)).toMatchObject({ outcome: "inconclusive", at_risk: 10 });
  });

  test("a floor must be reached by the tuned model's own lower bound, whatever the base does", () => {
    expect(judge(floor, outcomes(100, 30, 0), options)).toMatchObject({
      outcome: "pass",
      bar: 0.5,
      estimate: 0.65,
    });
    expect(judge(floor, outcomes(100, 4, 0), options).outcome).toBe("inconclusive");
    expect(judge(floor, outcomes(100, 0, 40), options).outcome).toBe("fail");
    // 40 of 70 in clusters that count once: Clopper and Pearson.
    const { ci } = judge(floor, outcomes(70, 10, 0), { ...options, alpha: 0.025 });
    expect(ci[0]).toBeCloseTo(0.4475, 3);
    expect(ci[1]).toBeCloseTo(0.68912, 3);
  });

  test("a ceiling is the complement of a floor", () => {
    const share = (right: number) => outcomes(100, right, 100 - right);
    for (const right of [5, 12, 20, 30, 40]) {
      const most = judge(ceiling, share(right), options);
      const turned = share(right).map((score) => ({ ...score, tuned: 1 - score.tuned }));
      const least = judge({ ...floor, floor: 0.8 } as Criterion, turned, options);
      expect(most.outcome).toBe(least.outcome);
      expect(most.p).toBeCloseTo(least.p, 9);
      expect(most.ci[1]).toBeCloseTo(1 - least.ci[0], 6);
    }
    expect(judge(ceiling, share(5), options).outcome).toBe("pass");
    expect(judge(ceiling, share(40), options).outcome).toBe("fail");
  });

  test("non-inferiority to a base that has nothing to lose is inconclusive", () => {
    const weak = outcomes(200, 0, 0).map((score, i) => ({
      ...score,
      base: i < 18 ? 1 : 0,
      tuned: i < 18 ? 1 : 0,
    }));
    const result = judge(notWorse, weak, options);
    expect(result.outcome).toBe("inconclusive");
    expect(result.notes.join()).toContain("weak baseline");
    const able = weak.map((score, i) => (i < 24 ? { ...score, base: 1, tuned: 1 } : score));
    expect(judge(notWorse, able, options).outcome).toBe("pass");
  });

  test("large clusters that lose where small ones gain are named, and weigh one each", () => {
    const sizes = Array.from({ length: 80 }, (_, c) => (c % 10 === 0 ? 20 : 1));
    const scores = sizes.flatMap((size, c) =>
      Array.from({ length: size }, (_, i): PairedScore => {
        const [base, tuned] = size > 1 ? [1, 0] : c % 2 === 0 ? [0, 1] : [1, 1];
        return { id: `${c}-${i}`, cluster: String(c), base, tuned };
      }),
    );
    const result = judge(superiority, scores, options);
    expect(result.difference).toBeCloseTo((32 - 8) / 80, 12);
    expect(result.per_case.difference).toBeCloseTo((32 - 160) / 232, 12);
    expect(result.notes.join()).toContain("large clusters score otherwise");
    expect(judge(superiority, outcomes(80, 20, 3), options).notes).toEqual([]);
  });

  test("a contestant takes the base's place in the difference, not in the base's own score", () => {
    const against = { ...superiority, against: "lookup" } as Criterion;
    const scores = outcomes(100, 40, 0).map((score) => ({ ...score, against: 1 }));
    const result = judge(against, scores, options);
    expect(result).toMatchObject({
      base: 0.3,
      tuned: 0.7,
      against: { contestant: "lookup", score: 1 },
      outcome: "fail",
    });
    expect(result.difference).toBeCloseTo(-0.3, 12);
  });

  test.each([
    ["superiority", superiority, / find 0\.\d{3} or more above the bar .*; the planned 0\.200 needs \d+$/],
    ["non-inferiority", notWorse, / find 0\.\d{3} or more above the bar .*; the planned 0\.050 needs \d+$/],
    ["at-least", floor, / find 0\.\d{3} or more above the bar \(90 % power\)$/],
    ["at-least, planned", { ...floor, expected: 0.7 } as Criterion, /; the planned 0\.200 needs \d+$/],
    ["at-most", ceiling, / find 0\.\d{3} or more below the bar \(90 % power\)$/],
    [
      "cross entropy",
      { ...notWorse, scorer: "cross-entropy" } as Criterion,
      / find 0\.\d{3} nat or more above the bar .*; the planned 0\.050 nat needs \d+$/,
    ],
  ])("an inconclusive criterion says what its cases could have shown: %s", (_, criterion, note) => {
    // Of each 20 cases: fixed, broken, passed by both.
    const [fixed, broken] = { superiority: [5, 3], "non-inferiority": [5, 5] }[criterion.kind as string] ?? [
      0, 10,
    ];
    const failed = "ceiling" in criterion ? 20 * (1 - criterion.ceiling) : broken!;
    const scores = Array.from({ length: 60 }, (_, i): PairedScore => {
      const place = i % 20;
      const base = place < fixed! ? 0 : 1;
      const tuned = place >= fixed! && place < fixed! + failed ? 0 : 1;
      return { id: `${i}`, cluster: `${i}`, base, tuned };
    });
    const { outcome, notes, detectable } = judge(criterion, scores, options);
    expect(outcome).toBe("inconclusive");
    const text = notes.find((line) => line.startsWith("with the spread measured, 60 clusters"));
    expect(text).toMatch(note);
    expect(text).toContain(detectable!.toFixed(3));
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
    if (judge(criterion, scores, { alpha: 0.05, seed: set }).outcome === "pass") passed++;
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
  expect(passShare(superiority, 60, 0.3, 0.1, 80)).toBeGreaterThan(0.9);
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
  const { announced, outcome } = judge(superiority, scores, { alpha: 0.025, seed: 1, announced: slices });
  // 6 fixed of 60: p = 1/64, times 2 after Holm.
  expect(announced?.map(({ improved }) => improved)).toEqual([false, true, false, false]);
  expect(announced?.[0]?.p).toBeLessThan(0.025);
  expect(announced?.[0]?.p_holm).toBeCloseTo(2 * announced![0]!.p, 12);
  expect(outcome).toBe("pass");
  const [alone] = judge(superiority, scores, { alpha: 0.025, seed: 1, announced: slices.slice(0, 1) })
    .announced!;
  expect(alone?.improved).toBe(true);
});
