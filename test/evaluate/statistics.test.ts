import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  boundP,
  clusterMeans,
  drawsFor,
  holm,
  lowerBound,
  mcnemar,
  meanOf,
  negated,
  signFlip,
  standardError,
} from "../../src/evaluate/decision/statistics.ts";
import { createRng } from "../../src/rng.ts";
import { expectClose } from "../expect-close.ts";

/** Computed by numpy, scipy and statsmodels: fixtures/statistics.py. */
const expected = JSON.parse(readFileSync(new URL("fixtures/statistics.json", import.meta.url), "utf8")) as {
  signFlip: { totals: number[]; p: number }[];
  mcnemar: { fixed: number; broken: number; p: number; oneSided: number }[];
  clustered: {
    differences: number[];
    groups: number[];
    error: number;
    bound: { low: number; p: number };
    p: number;
  }[];
  clopperPearson: { broken: number; n: number; alpha: number; low: number }[];
  holm: { ps: number[]; adjusted: number[] }[];
};

const values = (list: readonly number[]) => Float64Array.from(list);
const flips = (fixed: number, broken: number, same = 40) =>
  values([...Array(fixed).fill(1), ...Array(broken).fill(-1), ...Array(same).fill(0)]);

describe("against scipy and statsmodels", () => {
  test.each(expected.signFlip)("exact sign-flip p of $totals", ({ totals, p }) => {
    expect(signFlip(values(totals), 0, 1)).toBeCloseTo(p, 12);
  });

  test.each(expected.mcnemar)("exact McNemar of $fixed and $broken", ({ fixed, broken, p }) => {
    expect(mcnemar(fixed, broken) / p).toBeCloseTo(1, 6);
    expect(mcnemar(broken, fixed)).toBe(mcnemar(fixed, broken));
  });

  test.each(expected.clustered)("clustered data ($#)", ({ differences, groups, error, bound, p }) => {
    const { means } = clusterMeans(differences.map((value, i) => ({ cluster: String(groups[i]), value })));
    expect(standardError(means)).toBeCloseTo(error, 10);
    // The fixture has 200,000 and 2 million draws.
    expect(Math.abs(signFlip(means, 0, 1) - p)).toBeLessThan(0.02);
    expect(Math.abs(lowerBound(means, -1, 0.025) - bound.low)).toBeLessThan(error / 100);
    expect(Math.abs(boundP(means, -1, 0.1) - bound.p)).toBeLessThan(0.002);
  });

  test.each(expected.clopperPearson)("the bound of $broken broken in $n is Clopper and Pearson's", (row) => {
    const { broken, n, alpha, low } = row;
    expect(lowerBound(flips(0, broken, n - broken), -1, alpha) / low).toBeCloseTo(1, 8);
  });

  test.each(expected.mcnemar)("at 0 the bound's p of $fixed and $broken is McNemar's", (row) => {
    const { fixed, broken, oneSided } = row;
    expect(boundP(flips(fixed, broken), -1, 0) / oneSided).toBeCloseTo(1, 9);
  });

  test.each(expected.holm)("Holm of $ps", ({ ps, adjusted }) => {
    expectClose(holm(ps), adjusted, 1e-12);
  });
});

test("the lower bound is the bar at which p is alpha, for any level, range and number of clusters", () => {
  const rng = createRng(8);
  for (let round = 0; round < 60; round++) {
    const scale = 10 ** (rng.int(5) - 2);
    const sample = values(Array.from({ length: 2 + rng.int(80) }, () => scale * (rng.int(5) / 2 - 1)));
    const alpha = [0.3, 0.05, 0.025, 1e-3, 1e-6][rng.int(5)]!;
    const worst = -scale * (1 + rng.next());
    const low = lowerBound(sample, worst, alpha);
    expect(boundP(sample, worst, low) / alpha).toBeCloseTo(1, 4);
    expect(low).toBeLessThan(meanOf(sample));
  }
  expect(lowerBound(values([-1, -1]), -1, 0.05)).toBe(-1);
});

test("by hand: all values on the bar are no evidence, and n values of one size against the worst", () => {
  expect(boundP(values([0.1, 0.1]), -1, 0.1)).toBe(1);
  // 0.55 - 0.6 is a little more than -0.05.
  expect(boundP(values([0.55 - 0.6, 0.55 - 0.6]), -0.05, -0.05)).toBe(1);
  // Each value 0.05 above the bar loses against the unseen one, 0.95 below it, with 0.95 / 1.
  expect(boundP(values(Array(60).fill(0)), -1, -0.05)).toBeCloseTo(0.95 ** 60, 12);
  expect(signFlip(values([1, 1, 1, 1, 1]), 0, 0)).toBe(1 / 32);
  expect(signFlip(values([0.3, 0.3, 0.3]), 0.3, 0)).toBe(1);
});

test("each cluster weighs one, whatever its size", () => {
  const one = clusterMeans([
    { cluster: "a", value: 1 },
    { cluster: "b", value: 0 },
    { cluster: "b", value: 0 },
    { cluster: "b", value: 1 },
  ]);
  expect([...one.means]).toEqual([1, 1 / 3]);
  expect([...one.sizes]).toEqual([1, 3]);
});

test("the sampled p agrees with the exact one and is never 0", () => {
  const totals = [3, -1, 2, 0.5, 1, -2, 4, 1, 1, -1, 0.5, 2, -1.5, 1, 0, 1];
  const exact = signFlip(values(totals), 0, 5);
  // A value on the bar changes nothing; a tiny one makes 17 of them: sampled.
  expect(signFlip(values([...totals, 0]), 0, 5)).toBe(exact);
  expect(Math.abs(signFlip(values([...totals, 1e-9, 1e-9]), 0, 5) - exact)).toBeLessThan(0.01);
  expect(signFlip(values(Array(60).fill(1)), 0, 5)).toBeCloseTo(1 / 10_001, 12);
});

test("enough patterns are drawn for p to be a twentieth of any level", () => {
  for (const alpha of [0.05, 0.025, 0.05 / (20 * 21)]) {
    expect(1 / (1 + drawsFor(alpha))).toBeLessThanOrEqual(alpha / 20);
  }
});

test("the sign-flip p at a bar is that of the values less the bar, and of turned values the other side's", () => {
  const rng = createRng(3);
  const sample = values(Array.from({ length: 14 }, () => rng.normal()));
  const moved = sample.map((value) => value - 0.2);
  expect(signFlip(sample, 0.2, 1)).toBe(signFlip(moved, 0, 1));
  expect(signFlip(sample, 0, 1) + signFlip(negated(sample), 0, 1)).toBeCloseTo(1 + 1 / 2 ** 14, 12);
});

test("the same seed gives the same p, another seed another", () => {
  const sample = values(Array.from({ length: 50 }, (_, i) => Math.sin(i)));
  expect(signFlip(sample, 0, 1)).toBe(signFlip(sample, 0, 1));
  expect(signFlip(sample, 0, 1)).not.toBe(signFlip(sample, 0, 2));
});
