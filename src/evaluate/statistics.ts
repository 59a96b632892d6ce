import { binomialDistribution, probit, quantileSorted, sum } from "simple-statistics";
import { createRng } from "../rng.ts";

/** Paired differences of one cluster, as sum and number of cases. */
export interface Cluster {
  sum: number;
  size: number;
}

const DRAWS = 10_000;
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

/** The same clusters with `by` added to every case's difference. */
export function shift(clusters: readonly Cluster[], by: number): Cluster[] {
  return clusters.map((c) => ({ sum: c.sum + by * c.size, size: c.size }));
}

/**
 * One-sided sign-flip permutation test over clusters: the share of sign patterns under which the total is at least
 * the observed one. Null: each cluster's total is symmetric about 0. All 2^C patterns up to 16 clusters, else
 * 10,000 seeded draws with (1 + count) / (1 + draws), which is never 0.
 */
export function signFlip(clusters: readonly Cluster[], seed: number): number {
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
  for (let draw = 0; draw < DRAWS; draw++) {
    let total = 0;
    let signs = 0;
    for (let i = 0; i < totals.length; i++) {
      if (i % 32 === 0) signs = rng.int(2 ** 32);
      total += signs & (1 << (i % 32)) ? -totals[i]! : totals[i]!;
    }
    if (total >= enough) count++;
  }
  return (1 + count) / (1 + DRAWS);
}

/**
 * Percentile interval of the mean difference per case from resampling whole clusters with replacement (Davison and
 * Hinkley, Bootstrap Methods, 3.8), 10,000 seeded draws. `alpha` is one-sided: the interval covers 1 - 2 alpha.
 */
export function bootstrapInterval(
  clusters: readonly Cluster[],
  alpha: number,
  seed: number,
): [number, number] {
  const rng = createRng(seed);
  const means = new Float64Array(DRAWS);
  for (let draw = 0; draw < DRAWS; draw++) {
    let total = 0;
    let size = 0;
    for (let i = 0; i < clusters.length; i++) {
      const cluster = clusters[rng.int(clusters.length)]!;
      total += cluster.sum;
      size += cluster.size;
    }
    means[draw] = total / size;
  }
  const sorted = Array.from(means.sort());
  return [quantileSorted(sorted, alpha), quantileSorted(sorted, 1 - alpha)];
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

/** Smallest true difference that a one-sided test at `alpha` finds with 80 % power, given the standard error. */
export function detectable(error: number, alpha: number): number {
  return (probit(1 - alpha) + probit(0.8)) * error;
}
