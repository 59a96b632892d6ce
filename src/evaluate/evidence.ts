import {
  boundDraws,
  boundP,
  type Cluster,
  clustersOf,
  lowerBound,
  negate,
  shift,
  signFlip,
} from "./statistics.ts";

/** Fewer independent clusters than this decide nothing. */
export const MIN_CLUSTERS = 30;

/** Base and tuned score of one case. Shares are 0 or 1, higher is better; cross entropy is nats per token, lower is better. */
export interface PairedScore {
  id: string;
  cluster: string;
  base: number;
  tuned: number;
}

export interface EvidenceOptions {
  /** One-sided level of this look. */
  alpha: number;
  seed: number;
  /** Random draws of each test; simulations make do with fewer. */
  draws?: number;
}

/** Both one-sided views of a mean difference. */
export interface Evidence {
  clusters: readonly Cluster[];
  ci: [number, number];
  /** p of the null that the true difference is at most `bar`. */
  above(bar: number): number;
  /** p of the null that the true difference is at least `bar`. */
  below(bar: number): number;
}

/**
 * Two tests, of which the larger p counts. The sign-flip test is exact when base and tuned are but labels; the bound holds its
 * level when the differences are skewed, as they are at a margin, where flipping signs does not.
 */
export function weigh(
  clusters: readonly Cluster[],
  entropy: boolean,
  { alpha, seed, draws }: EvidenceOptions,
): Evidence {
  const [worst, best] = extremes(clusters, entropy);
  const { low, negatedHigh } = boundDraws(clusters, [worst, best], seed, draws);
  const both = (of: readonly Cluster[], bound: Float64Array, bar: number) =>
    Math.max(boundP(bound, bar), signFlip(shift(of, -bar), seed, draws));
  return {
    clusters,
    ci: [Math.max(worst, lowerBound(low, alpha)), Math.min(best, -lowerBound(negatedHigh, alpha))],
    above: (bar) => both(clusters, low, bar),
    below: (bar) => both(negate(clusters), negatedHigh, -bar),
  };
}

/** The worst and best difference of a case. Shares: all or nothing. Cross entropy has no end: the worst and best cluster seen. */
export function extremes(clusters: readonly Cluster[], entropy: boolean): [number, number] {
  if (!entropy) return [-1, 1];
  const means = clusters.map(({ sum, size }) => sum / size);
  return [Math.min(...means), Math.max(...means)];
}

/** Differences by cluster, turned so that positive means tuned is better. */
export function differences(scores: readonly PairedScore[], entropy: boolean): Cluster[] {
  return clustersOf(
    scores.map(({ cluster, base, tuned }) => ({
      cluster,
      difference: entropy ? base - tuned : tuned - base,
    })),
  );
}
