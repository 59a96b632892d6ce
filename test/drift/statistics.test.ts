import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { comparePlaced } from "../../src/drift/compare.ts";
import { permutationTests, pValue } from "../../src/drift/permutations.ts";
import type { Placed } from "../../src/drift/space.ts";
import {
  ascending,
  chiSquare,
  enrichment,
  jensenShannon,
  kolmogorovSmirnov,
  wasserstein,
} from "../../src/drift/statistics.ts";
import { holm } from "../../src/evaluate/decision/statistics.ts";
import { createRng } from "../../src/rng.ts";
import { expectClose } from "../expect-close.ts";

/** Computed by scipy, numpy and statsmodels: fixtures/statistics.py. */
const expected = JSON.parse(readFileSync(new URL("fixtures/statistics.json", import.meta.url), "utf8")) as {
  samples: {
    reference: number[];
    values: number[];
    ks: number;
    ks_p: number;
    tied: boolean;
    wasserstein: number;
  }[];
  tables: { a: number[]; b: number[]; chi_square: number; jensen_shannon: number }[];
  enrichment: { count: number; total: number; size: number; all: number; z: number; tail: number }[];
  mmd: { reference: number[][]; values: number[][]; squared: number }[];
  holm: { ps: number[]; adjusted: number[] }[];
};

/** Sums of a few hundred terms in float64. */
const EXACT = 1e-12;

/** The last `size` of `all` texts as a group. */
const lastOf = (all: number, size: number) => new Uint8Array(all).fill(1, all - size);
const ks = (all: readonly number[], size: number) => {
  const order = ascending(all);
  return (inGroup: Uint8Array) => kolmogorovSmirnov(all, order, inGroup, size);
};

describe("against scipy, numpy and statsmodels", () => {
  test.each(expected.samples)("Kolmogorov-Smirnov $ks and Wasserstein $wasserstein", (row) => {
    const all = [...row.reference, ...row.values];
    const size = row.values.length;
    expectClose([ks(all, size)(lastOf(all.length, size))], [row.ks], EXACT);
    expectClose([wasserstein(row.reference, row.values)], [row.wasserstein], EXACT);
  });

  test.each(expected.samples.filter(({ tied }) => !tied))("its permutation p is the exact p $ks_p", (row) => {
    const all = [...row.reference, ...row.values];
    const size = row.values.length;
    const statistic = ks(all, size);
    const [result] = permutationTests(
      [(_, inGroup) => statistic(inGroup)],
      all.length,
      size,
      40_000,
      createRng(3),
    );
    // Stopped after 50 extreme groups: a relative standard error of 1 / sqrt(50); 4 of them.
    expect(Math.abs(result!.p / row.ks_p - 1)).toBeLessThan(4 / Math.sqrt(50));
  });

  test.each(expected.tables)("chi-square $chi_square and Jensen-Shannon $jensen_shannon", (row) => {
    const totals = row.a.map((count, k) => count + row.b[k]!);
    expectClose([chiSquare(row.b, totals)], [row.chi_square], EXACT);
    expectClose([chiSquare(row.a, totals)], [row.chi_square], EXACT);
    expectClose([jensenShannon(row.a, row.b)], [row.jensen_shannon], EXACT);
  });

  test.each(expected.enrichment)(
    "enrichment $z of $count in $size",
    ({ count, total, size, all, z, tail }) => {
      expectClose([enrichment(count, total, size, all)], [z], EXACT);
      // `count` of the texts that have it are in the group, the others at the beginning.
      const has = (member: number) => (member >= all - count || member < total - count ? 1 : 0);
      const [result] = permutationTests(
        [(members) => members.reduce((sum, member) => sum + has(member), 0)],
        all,
        size,
        200_000,
        createRng(4),
      );
      expect(result!.observed).toBe(count);
      // As above: at least 50 extreme groups.
      expect(Math.abs(result!.p / tail - 1)).toBeLessThan(4 / Math.sqrt(50));
    },
  );

  test.each(expected.mmd)("maximum mean discrepancy $squared", ({ reference, values, squared }) => {
    const place = (rows: readonly number[][]): Placed => ({
      lengths: rows.map(() => 1),
      distances: rows.map(() => 0),
      topics: rows.map(() => 0),
      outOfScope: rows.map(() => false),
      words: rows.map(() => new Uint32Array()),
      vectors: rows.map((row) => Uint8Array.from(row)),
    });
    const { tests } = comparePlaced(place(reference), place(values), 99, createRng(1));
    // Vectors are float32.
    expectClose([tests.embeddings.observed], [squared], 1e-6);
  });

  test.each(expected.holm)("Holm's adjustment of $ps", ({ ps, adjusted }) => {
    expectClose(holm(ps), adjusted, EXACT);
  });
});

describe("properties", () => {
  const rng = createRng("drift properties");
  const draw = (n: number) => Array.from({ length: n }, () => rng.normal());

  test("a sample differs from itself by nothing, and distances do not depend on the side", () => {
    for (let trial = 0; trial < 50; trial++) {
      const [a, b] = [draw(5 + rng.int(30)), draw(5 + rng.int(30))];
      expect(wasserstein(a, a)).toBeCloseTo(0, 12);
      const [left, right] = [ks([...a, ...b], b.length), ks([...b, ...a], a.length)];
      const all = a.length + b.length;
      expect(left(lastOf(all, b.length))).toBeCloseTo(right(lastOf(all, a.length)), 12);
      const [p, q] = [a, b].map((sample) =>
        sample.slice(0, 5).map((value) => Math.floor(10 * Math.abs(value)) + 1),
      );
      expect(jensenShannon(p!, q!)).toBeCloseTo(jensenShannon(q!, p!), 12);
      expect(jensenShannon(p!, p!)).toBe(0);
      expect(jensenShannon(p!, q!)).toBeLessThanOrEqual(1);
    }
    expect(jensenShannon([3, 0], [0, 5])).toBe(1);
  });

  test("moving a sample by c moves its Wasserstein distance to the original to |c|", () => {
    const a = [-1, 1];
    for (const c of [0.5, -2, 7])
      expect(
        wasserstein(
          a,
          a.map((value) => value + c),
        ),
      ).toBeCloseTo(Math.abs(c), 12);
  });

  test("Holm's adjusted values keep the order and are never below the p-values", () => {
    for (let trial = 0; trial < 50; trial++) {
      const ps = Array.from({ length: 1 + rng.int(8) }, () => rng.next());
      const adjusted = holm(ps);
      for (const i of ps.keys()) {
        expect(adjusted[i]).toBeGreaterThanOrEqual(ps[i]!);
        for (const j of ps.keys()) if (ps[i]! < ps[j]!) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
      }
    }
  });

  test("permutation p-values of like samples are uniform, with ties and early stopping too", () => {
    const below = { one: 0, half: 0 };
    const trials = 1000;
    for (let trial = 0; trial < trials; trial++) {
      const values = Array.from({ length: 40 }, () => rng.int(6));
      const statistic = ks(values, 15);
      const [result] = permutationTests([(_, inGroup) => statistic(inGroup)], 40, 15, 299, rng);
      if (result!.p <= 0.1) below.one++;
      if (result!.p <= 0.5) below.half++;
    }
    // At most the level (ties make it conservative), within 4 standard errors.
    expect(below.one / trials).toBeLessThan(0.1 + 4 * Math.sqrt(0.09 / trials));
    expect(below.half / trials).toBeLessThan(0.5 + 4 * Math.sqrt(0.25 / trials));
    expect(below.half / trials).toBeGreaterThan(0.3);
  });

  test("a p-value counts equal values as extreme, and is never 0", () => {
    expect(pValue(Float64Array.from([1, 2, 2, 3]), 2)).toBe(4 / 5);
    expect(pValue(Float64Array.from([1, 2]), 9)).toBe(1 / 3);
    expect(pValue(Float64Array.from([0.1 + 0.2]), 0.3)).toBe(1);
  });
});
