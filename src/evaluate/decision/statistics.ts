import { binomialDistribution, sum } from "simple-statistics";
import { createRng } from "../../rng.ts";

/** Random draws of a permutation test; more where a level asks for them. */
export const DRAWS = 10_000;
/** Up to this many clusters all sign patterns are counted instead of drawn. */
const EXACT_UP_TO = 16;
/** Relative distance below which two sums of the same numbers count as equal. */
const ROUNDING = 1e-12;

/** Mean value of each cluster, in order of first appearance: cases of one cluster depend on each other, clusters do not. */
export function clusterMeans(items: readonly { cluster: string; value: number }[]): {
  means: Float64Array;
  sizes: Float64Array;
} {
  const places = new Map<string, number>();
  const sums: number[] = [];
  const counts: number[] = [];
  for (const { cluster, value } of items) {
    let place = places.get(cluster);
    if (place === undefined) {
      place = sums.length;
      places.set(cluster, place);
      sums.push(0);
      counts.push(0);
    }
    sums[place]! += value;
    counts[place]!++;
  }
  return {
    means: Float64Array.from(sums, (total, i) => total / counts[i]!),
    sizes: Float64Array.from(counts),
  };
}

export function meanOf(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}

export const negated = (values: Float64Array): Float64Array => values.map((value) => -value);

/** Sign patterns to draw so that a p can be a twentieth of `alpha`. */
export const drawsFor = (alpha: number): number => Math.max(DRAWS, Math.ceil(20 / alpha));

/**
 * One-sided sign-flip permutation test: share of sign patterns of the values less `bar` under which their sum is at
 * least the observed one. Null: each value is symmetric about `bar`, as differences are about 0 when base and tuned are
 * only labels. Values on the bar change no sum and are left out. All patterns up to 16 values, else seeded draws with
 * (1 + count) / (1 + draws), which is never 0.
 */
export function signFlip(values: Float64Array, bar: number, seed: number, draws = DRAWS): number {
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value - bar)), 0);
  const distances = values.map((value) => value - bar).filter((d) => Math.abs(d) > ROUNDING * scale);
  if (distances.length === 0) return 1;
  const table = groupSums(distances);
  const groups = table.length / 256;
  // Equal sums reached in another order of addition must count as equal.
  let enough = 0;
  for (const distance of distances) enough += distance - 1e-9 * Math.abs(distance);
  if (distances.length <= EXACT_UP_TO) {
    const patterns = Int32Array.from({ length: 256 ** groups }, (_, pattern) => pattern);
    return countReaching(table, groups, patterns, enough) / patterns.length;
  }
  const rng = createRng(seed);
  const words = Math.ceil(groups / 4);
  const signs = new Int32Array(words * 500);
  let count = 0;
  let left = draws;
  for (; left > 0; left -= 500) {
    rng.fill(signs);
    count += countReaching(table, groups, left < 500 ? signs.subarray(0, words * left) : signs, enough);
  }
  return (1 + count) / (1 + draws);
}

/** Number of sign patterns whose sum is at least `enough`; a byte of `signs` is the pattern of eight values. */
function countReaching(table: Float64Array, groups: number, signs: Int32Array, enough: number): number {
  let count = 0;
  for (let at = 0; at < signs.length; ) {
    let total = 0;
    let word = 0;
    for (let group = 0; group < groups; group++) {
      word = (group & 3) === 0 ? signs[at++]! : word >> 8;
      total += table[256 * group + (word & 255)]!;
    }
    if (total >= enough) count++;
  }
  return count;
}

/** Sums of each eight values, the last group filled with zeros, under all 256 sign patterns; a bit that is set keeps the sign. */
function groupSums(values: Float64Array): Float64Array {
  const groups = Math.ceil(values.length / 8);
  const sums = new Float64Array(256 * groups);
  for (let group = 0; group < groups; group++) {
    const own = values.subarray(8 * group, 8 * group + 8);
    const start = 256 * group;
    for (const value of own) sums[start]! -= value;
    for (let pattern = 1; pattern < 256; pattern++) {
      const lowest = 31 - Math.clz32(pattern & -pattern);
      sums[start + pattern] = sums[start + (pattern & (pattern - 1))]! + 2 * (own[lowest] ?? 0);
    }
  }
  return sums;
}

/**
 * One-sided p of the null that the mean is at most `bar`, for independent values of at least `worst`: the probability that
 * a mean with standard exponential weights (the Bayesian bootstrap: Rubin, Annals of Statistics 9, 1981) is at most the
 * bar, with one unseen value more, the worst. Gaffke's test (Mathematical Methods of Statistics 14, 2005;
 * Learned-Miller and Thomas, arXiv:1905.06208). For 0/1 its bound is that of Clopper and Pearson, and at a bar of 0 its
 * p is the exact one-sided McNemar p. It is exact: with E standard exponential, the sum of a_i E_i over the distances
 * above the bar is compared with the sum of b_j E_j over those below. Of the two terms that come first, the first is the
 * smaller with probability b_j / (a_i + b_j), and what is left of the larger is exponential again. This is the
 * recurrence of B-splines (Curry and Schoenberg, Journal d'Analyse Mathematique 17, 1966). O(above * below).
 */
export function boundP(values: Float64Array, worst: number, bar: number): number {
  const rounding = ROUNDING * Math.max(1, Math.abs(bar));
  const above = new Float64Array(values.length);
  const below = new Float64Array(values.length + 1);
  let m = 0;
  let n = 0;
  if (bar - worst > rounding) below[n++] = bar - worst;
  for (const value of values) {
    const distance = value - bar;
    if (distance > rounding) above[m++] = distance;
    else if (distance < -rounding) below[n++] = -distance;
  }
  if (m === 0) return 1;
  // After row i, reached[j] is the probability that the first i terms above sum to at most the first j terms below.
  const reached = new Float64Array(n + 1).fill(1);
  for (let i = 0; i < m; i++) {
    const a = above[i]!;
    let left = 0;
    reached[0] = 0;
    for (let j = 1; j <= n; j++) {
      const b = below[j - 1]!;
      left += (b / (a + b)) * (reached[j]! - left);
      reached[j] = left;
    }
  }
  return reached[n]!;
}

/** Lower bound of the mean at level `alpha`: the bar at which boundP is alpha, to nine digits of the values' range. */
export function lowerBound(values: Float64Array, worst: number, alpha: number): number {
  // On this scale p is nearly a straight line of the bar.
  const score = (p: number) => Math.log(Math.max(p, 1e-99)) - Math.log(Math.max(1 - p, 1e-15));
  const distance = (bar: number) => score(boundP(values, worst, bar)) - score(alpha);
  let low = worst;
  let high = values.reduce((most, value) => Math.max(most, value), worst);
  const precision = 1e-9 * (high - low);
  let lowDistance = score(0) - score(alpha);
  let highDistance = score(1) - score(alpha);
  const mean = meanOf(values);
  let bar = mean - 2 * standardError(values) - (mean - worst) / values.length;
  // Regula falsi; an end that is kept twice counts half (Illinois).
  for (let kept = ""; high - low > precision; ) {
    if (!(bar > low && bar < high)) bar = (low + high) / 2;
    const off = distance(bar);
    if (Math.abs(off) < 1e-9) return bar;
    if (off < 0) {
      if (kept === "high") highDistance /= 2;
      [low, lowDistance, kept] = [bar, off, "high"];
    } else {
      if (kept === "low") lowDistance /= 2;
      [high, highDistance, kept] = [bar, off, "low"];
    }
    bar = low - (lowDistance * (high - low)) / (highDistance - lowDistance);
  }
  return low;
}

/**
 * Holm's step-down adjusted p-values, in the order given (Scandinavian Journal of Statistics 6, 1979): the k-th smallest of m
 * times m - k + 1, never less than the one before it, at most 1.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
  const adjusted: number[] = [];
  let largest = 0;
  for (const [rank, { p, i }] of order.entries()) {
    largest = Math.min(1, Math.max(largest, p * (ps.length - rank)));
    adjusted[i] = largest;
  }
  return adjusted;
}

/**
 * Exact two-sided McNemar test: with m = fixed + broken discordant pairs,
 * p = min(1, 2 * sum over k <= min(fixed, broken) of C(m, k) / 2^m).
 */
export function mcnemar(fixed: number, broken: number): number {
  const pairs = fixed + broken;
  if (pairs === 0) return 1;
  const tail = binomialDistribution(pairs, 0.5)!.slice(0, Math.min(fixed, broken) + 1);
  return Math.min(1, 2 * sum(tail));
}

/** Standard error of the mean of independent values: their standard deviation (n - 1) over sqrt(n). */
export function standardError(values: Float64Array): number {
  const mean = meanOf(values);
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length);
}
