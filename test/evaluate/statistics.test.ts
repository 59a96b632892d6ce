import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  bootstrapInterval,
  clusterError,
  clustersOf,
  detectable,
  mcnemar,
  meanOf,
  shift,
  signFlip,
} from "../../src/evaluate/statistics.ts";
import { createRng } from "../../src/rng.ts";

/** Computed by scipy and statsmodels: fixtures/statistics.py. */
const expected = JSON.parse(readFileSync(new URL("fixtures/statistics.json", import.meta.url), "utf8")) as {
  signFlip: { totals: number[]; p: number }[];
  mcnemar: { fixed: number; broken: number; p: number }[];
  clustered: {
    differences: number[];
    groups: number[];
    error: number;
    interval: [number, number];
    p: number;
  }[];
  detectable: { alpha: number; factor: number }[];
};

const single = (totals: readonly number[]) => totals.map((sum) => ({ sum, size: 1 }));

describe("against scipy and statsmodels", () => {
  test.each(expected.signFlip)("exact sign-flip p of $totals", ({ totals, p }) => {
    expect(signFlip(single(totals), 1)).toBeCloseTo(p, 12);
  });

  test.each(expected.mcnemar)("exact McNemar of $fixed and $broken", ({ fixed, broken, p }) => {
    expect(mcnemar(fixed, broken) / p).toBeCloseTo(1, 6);
    expect(mcnemar(broken, fixed)).toBe(mcnemar(fixed, broken));
  });

  test.each(expected.clustered)("clustered data ($#)", ({ differences, groups, error, interval, p }) => {
    const clusters = clustersOf(
      differences.map((difference, i) => ({ cluster: String(groups[i]), difference })),
    );
    expect(clusterError(clusters)).toBeCloseTo(error, 10);
    // 10,000 draws: the p has a standard error of at most 0.005, the interval's ends about error / 40.
    expect(Math.abs(signFlip(clusters, 1) - p)).toBeLessThan(0.02);
    const [low, high] = bootstrapInterval(clusters, 0.025, 1);
    expect(Math.abs(low - interval[0])).toBeLessThan(error / 8);
    expect(Math.abs(high - interval[1])).toBeLessThan(error / 8);
  });

  test.each(expected.detectable)("power factor at $alpha", ({ alpha, factor }) => {
    expect(detectable(1, alpha) / factor).toBeCloseTo(1, 2);
  });
});

test("by hand: five clusters that all improve leave one pattern in 32; three equal to none leave p = 1", () => {
  expect(signFlip(single([1, 1, 1, 1, 1]), 0)).toBe(1 / 32);
  expect(signFlip(single([0, 0, 0]), 0)).toBe(1);
});

test("a whole cluster is resampled, so doubling every case inside its cluster changes nothing", () => {
  const rng = createRng(3);
  const items = Array.from({ length: 40 }, (_, i) => ({ cluster: `c${i}`, difference: rng.int(3) - 1 }));
  const twice = items.flatMap((item) => [item, item]);
  const [a, b] = [clustersOf(items), clustersOf(twice)];
  expect(bootstrapInterval(b, 0.05, 9)).toEqual(bootstrapInterval(a, 0.05, 9));
  expect(clusterError(b)).toBeCloseTo(clusterError(a), 12);
  const alone = clustersOf(twice.map(({ difference }, i) => ({ cluster: String(i), difference })));
  expect(clusterError(alone)).toBeLessThan(clusterError(a) * 0.75);
});

test("the sampled p agrees with the exact one and is never 0", () => {
  const totals = [3, -1, 2, 0.5, 1, -2, 4, 1, 1, -1, 0.5, 2, -1.5, 1, 0, 1];
  const exact = signFlip(single(totals), 5);
  // A cluster that adds 0 leaves the test as it is, but makes 17 of them: sampled.
  expect(Math.abs(signFlip(single([...totals, 0]), 5) - exact)).toBeLessThan(0.01);
  expect(signFlip(single(Array(60).fill(1)), 5)).toBeCloseTo(1 / 10_001, 12);
});

test("shift moves the mean by as much", () => {
  const clusters = [
    { sum: 2, size: 3 },
    { sum: -1, size: 2 },
  ];
  expect(meanOf(shift(clusters, 0.25))).toBeCloseTo(meanOf(clusters) + 0.25, 12);
});

test("the same seed gives the same interval, another seed another", () => {
  const clusters = single(Array.from({ length: 50 }, (_, i) => Math.sin(i)));
  expect(bootstrapInterval(clusters, 0.05, 1)).toEqual(bootstrapInterval(clusters, 0.05, 1));
  expect(bootstrapInterval(clusters, 0.05, 1)).not.toEqual(bootstrapInterval(clusters, 0.05, 2));
});
