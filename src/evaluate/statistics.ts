import { binomialDistribution, probit, sum } from "simple-statistics";
import { createRng } from "../rng.ts";

/** Paired differences of one cluster, as sum and number of cases. */
export interface Cluster {
  sum: number;
  size: number;
}

export const DRAWS = 10_000;
const EXACT_UP_TO = 16;

/** Groups differences by cluster, in order of first appearance. */
export function clustersOf(items: readonly { cluster: string; difference: number }[]): Cluster[] {
  const clusters = new Map<string, Cluster>();
  for (const { cluster, difference } of items) {
    const entry = clusters.get(cluster) ?? { sum: 0, size: 0 };
    entry.sum += difference;
    entry.size++;
    clusters.set(cluster, entry);
  }
  return [...clusters.values()];
}

/** Mean difference per case. */
export function meanOf(clusters: readonly Cluster[]): number {
  return sum(clusters.map((c) => c.sum)) / sum(clusters.map((c) => c.size));
}

/** The same clusters with every difference's sign turned. */
export function negate(clusters: readonly Cluster[]): Cluster[] {
  return clusters.map(({ sum, size }) => ({ sum: -sum, size }));
}

/** The same clusters with `by` added to every case's difference. */
export function shift(clusters: readonly Cluster[], by: number): Cluster[] {
  return clusters.map((c) => ({ sum: c.sum + by * c.size, size: c.size }));
}

/**
 * One-sided sign-flip permutation test over clusters: the share of sign patterns under which the total is at least
 * the observed one. Null: each cluster's total is symmetric about 0, as it is when base and tuned are but labels. All
 * 2^C patterns up to 16 clusters, else seeded draws with (1 + count) / (1 + draws), which is never 0.
 */
export function signFlip(clusters: readonly Cluster[], seed: number, draws = DRAWS): number {
  const totals = clusters.map((c) => c.sum);
  const observed = sum(totals);
  // Equal totals reached in another order of summation must count as equal.
  const enough = observed - 1e-9 * sum(totals.map(Math.abs));
  if (totals.length <= EXACT_UP_TO) {
    const patterns = 2 ** totals.length;
    let count = 0;
    for (let pattern = 0; pattern < patterns; pattern++) {
      let total = 0;
      for (let i = 0; i < totals.length; i++) total += pattern & (1 << i) ? -totals[i]! : totals[i]!;
      if (total >= enough) count++;
    }
    return count / patterns;
  }
  const rng = createRng(seed);
  let count = 0;
  for (let draw = 0; draw < draws; draw++) {
    let total = 0;
    let signs = 0;
    for (let i = 0; i < totals.length; i++) {
      if (i % 32 === 0) signs = rng.int(2 ** 32);
      total += signs & (1 << (i % 32)) ? -totals[i]! : totals[i]!;
    }
    if (total >= enough) count++;
  }
  return (1 + count) / (1 + draws);
}

/** Draws of a mean, ascending: with the unseen cluster at its worst, and negated with it at its best. */
export interface BoundDraws {
  readonly low: Float64Array;
  readonly negatedHigh: Float64Array;
}

/**
 * Draws for a lower and an upper bound of the mean difference per case: the Bayesian bootstrap over clusters (Rubin, Annals of
 * Statistics 9, 1981), in which each cluster is weighted by a standard exponential, with one cluster more that nobody has seen:
 * of average size, each of its cases as bad, or as good, as can be. With bounded differences the alpha-quantile is a lower bound
 * at level alpha in small and skewed samples too (Gaffke, Mathematical Methods of Statistics 14, 2005; Learned-Miller and Thomas,
 * arXiv:1905.06208). For 0/1 it is that of Clopper and Pearson, and the share of draws at or below 0 is the exact one-sided
 * McNemar p. `docs/gate.md` has the level in simulations.
 */
export function boundDraws(
  clusters: readonly Cluster[],
  [worst, best]: readonly [number, number],
  seed: number,
  draws = DRAWS,
): BoundDraws {
  const rng = createRng(seed);
  const exponential = () => -Math.log(1 - rng.next());
  const average = sum(clusters.map((c) => c.size)) / clusters.length;
  const low = new Float64Array(draws);
  const negatedHigh = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    const unseen = exponential() * average;
    let total = 0;
    let size = unseen;
    for (const cluster of clusters) {
      const weight = exponential();
      total += weight * cluster.sum;
      size += weight * cluster.size;
    }
    low[draw] = (total + unseen * worst) / size;
    negatedHigh[draw] = -(total + unseen * best) / size;
  }
  return { low: low.sort(), negatedHigh: negatedHigh.sort() };
}

/** One-sided p of the null that the mean is at most `bar`: the share of draws at or below it, never 0. */
export function boundP(draws: Float64Array, bar: number): number {
  // Draws that rounding puts beside a bar which they reach count as reaching it.
  const reached = draws.findIndex((mean) => mean > bar + 1e-12);
  return (1 + (reached < 0 ? draws.length : reached)) / (1 + draws.length);
}

/** The lower bound at level alpha: above `bar` exactly when boundP(draws, bar) <= alpha. -Infinity where too few were drawn. */
export function lowerBound(draws: Float64Array, alpha: number): number {
  return draws[Math.floor(alpha * (1 + draws.length)) - 1] ?? Number.NEGATIVE_INFINITY;
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

/** Cluster-robust standard error of the mean: sqrt(sum over clusters of (sum - size * mean)^2) / n. */
export function clusterError(clusters: readonly Cluster[]): number {
  const mean = meanOf(clusters);
  const squares = clusters.map((c) => (c.sum - c.size * mean) ** 2);
  return Math.sqrt(sum(squares)) / sum(clusters.map((c) => c.size));
}

/** 90 %, and what the normal approximation below may fall short of it (docs/gate.md). */
const PLANNED_POWER = 0.92;

/**
 * Smallest true distance from a bar that a one-sided test at `alpha` finds with 90 % power: both normal quantiles times the
 * standard error, and what the unseen cluster takes, which lies `reach` below the mean and has a weight of about 1/clusters
 * with as large a standard deviation.
 * @param error standard error of the mean without the unseen cluster
 */
export function detectable(error: number, clusters: number, reach: number, alpha: number): number {
  const pull = reach / clusters;
  return (probit(1 - alpha) + probit(PLANNED_POWER)) * Math.hypot(error, pull) + pull;
}
