import type { Rng } from "../rng.ts";

/** A statistic of a group among all texts, larger the more the group differs from the rest. */
export type GroupStatistic = (members: Uint32Array, inGroup: Uint8Array) => number;

export interface PermutationTest {
  readonly observed: number;
  readonly p: number;
  /** The statistic of each random group that was drawn, ascending. */
  readonly permuted: Float64Array;
}

/** Random groups as extreme as the observed one after which a test has said enough. */
const ENOUGH = 50;

/**
 * Tests whether the last `groupSize` of `all` texts are like the rest: the statistics of that group against those of
 * random groups of its size. One set of random groups serves all statistics. A statistic is drawn until 50 groups were as
 * extreme, at the l-th group say, and has p = 50 / l (Besag and Clifford 1991), or to the end, as pValue has it.
 */
export function permutationTests(
  statistics: readonly GroupStatistic[],
  all: number,
  groupSize: number,
  draws: number,
  rng: Rng,
): PermutationTest[] {
  const places = Uint32Array.from({ length: all }, (_, i) => all - 1 - i);
  const members = places.subarray(0, groupSize);
  const inGroup = new Uint8Array(all).fill(1, all - groupSize);
  const tests = statistics.map((statistic) => ({
    statistic,
    observed: statistic(members, inGroup),
    permuted: new Float64Array(draws),
    drawn: 0,
    extreme: 0,
  }));
  for (let draw = 0; draw < draws; draw++) {
    const open = tests.filter(({ extreme }) => extreme < ENOUGH);
    if (open.length === 0) break;
    for (let i = 0; i < groupSize; i++) {
      // Fisher and Yates, as far as the group goes.
      const j = i + rng.int(all - i);
      const taken = places[j]!;
      places[j] = places[i]!;
      places[i] = taken;
    }
    inGroup.fill(0);
    for (let i = 0; i < groupSize; i++) inGroup[members[i]!] = 1;
    for (const test of open) {
      const value = test.statistic(members, inGroup);
      test.permuted[test.drawn++] = value;
      if (value >= bar(test.observed)) test.extreme++;
    }
  }
  return tests.map(({ observed, permuted, drawn, extreme }) => {
    const values = permuted.subarray(0, drawn).sort();
    return { observed, p: extreme === ENOUGH ? ENOUGH / drawn : pValue(values, observed), permuted: values };
  });
}

/** Equal values reached in another order of summation must count as equal. */
const bar = (observed: number): number => observed - 1e-9 * Math.abs(observed);

/** (1 + random groups with at least `observed`) / (1 + random groups): exact and never 0 (Phipson and Smyth 2010). */
export function pValue(permuted: Float64Array, observed: number): number {
  const enough = bar(observed);
  let [low, high] = [0, permuted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (permuted[middle]! >= enough) high = middle;
    else low = middle + 1;
  }
  return (1 + permuted.length - low) / (1 + permuted.length);
}
