import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  boundDraws,
  boundP,
  clusterError,
  clustersOf,
  detectable,
  holm,
  lowerBound,
  mcnemar,
  meanOf,
  shift,
  signFlip,
} from "../../src/evaluate/statistics.ts";
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
  quantiles: { alpha: number; sum: number }[];
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

  test.each(expected.clustered)("clustered data ($#)", ({ differences, groups, error, bound, p }) => {
    const clusters = clustersOf(
      differences.map((difference, i) => ({ cluster: String(groups[i]), difference })),
    );
    expect(clusterError(clusters)).toBeCloseTo(error, 10);
    // 10,000 draws: a p has a standard error of at most 0.005, the bound one of about error / 40.
    expect(Math.abs(signFlip(clusters, 1) - p)).toBeLessThan(0.02);
    const { low: draws, negatedHigh } = boundDraws(clusters, [-1, 1], 1);
    expect(Math.abs(lowerBound(draws, 0.025) - bound.low)).toBeLessThan(error / 8);
    expect(Math.abs(boundP(draws, 0.1) - bound.p)).toBeLessThan(0.02);
    const turned = clusters.map((cluster) => ({ ...cluster, sum: -cluster.sum }));
    expectClose(negatedHigh, boundDraws(turned, [-1, 1], 1).low, 1e-12);
  });

  test.each(expected.clopperPearson)("the bound of $broken broken in $n is Clopper and Pearson's", (row) => {
    const { broken, n, alpha, low } = row;
    const clusters = single(Array.from({ length: n }, (_, i) => (i < broken ? -1 : 0)));
    const draws = boundDraws(clusters, [-1, 1], 3).low;
    // Its standard error from 10,000 draws is about 2 % here.
    expect(Math.abs(lowerBound(draws, alpha) / low - 1)).toBeLessThan(0.06);
  });

  test.each(expected.mcnemar)("at 0 the bound's p of $fixed and $broken is McNemar's", (row) => {
    const { fixed, broken, oneSided } = row;
    const flips = [...Array<number>(fixed).fill(1), ...Array<number>(broken).fill(-1), ...Array(40).fill(0)];
    const error = Math.sqrt((oneSided * (1 - oneSided)) / 10_000);
    expect(Math.abs(boundP(boundDraws(single(flips), [-1, 1], 2).low, 0) - oneSided)).toBeLessThan(
      4 * error + 2e-4,
    );
  });

  test.each(expected.holm)("Holm of $ps", ({ ps, adjusted }) => {
    expectClose(holm(ps), adjusted, 1e-12);
  });

  test.each(expected.quantiles)("power factor at $alpha", ({ alpha, sum }) => {
    // The quantile function is good to three digits.
    expect(detectable(1, 1e9, 1, alpha) / sum).toBeCloseTo(1, 2);
  });
});

test("above a bar lies exactly the bound whose p is at most alpha", () => {
  const rng = createRng(8);
  for (let round = 0; round < 40; round++) {
    const clusters = single(Array.from({ length: 35 }, () => rng.int(3) - 1));
    const draws = boundDraws(clusters, [-1, 1], round, 500).low;
    for (const alpha of [0.05, 0.025, 0.0125]) {
      const bar = draws[rng.int(60)]! + (rng.next() < 0.5 ? 0 : 1e-6);
      expect(lowerBound(draws, alpha) > bar + 1e-12).toBe(boundP(draws, bar) <= alpha);
    }
  }
  expect(lowerBound(boundDraws(single([1, 1]), [-1, 1], 0, 100).low, 1e-4)).toBe(Number.NEGATIVE_INFINITY);
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
  expectClose(boundDraws(b, [-1, 1], 9).low, boundDraws(a, [-1, 1], 9).low, 1e-12);
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

test("the same seed gives the same draws, another seed others", () => {
  const clusters = single(Array.from({ length: 50 }, (_, i) => Math.sin(i)));
  expect(boundDraws(clusters, [-1, 1], 1)).toEqual(boundDraws(clusters, [-1, 1], 1));
  expect(boundDraws(clusters, [-1, 1], 1)).not.toEqual(boundDraws(clusters, [-1, 1], 2));
});
