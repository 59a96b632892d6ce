import { WORST_NATS } from "../../task/criterion-mistakes.ts";
import { boundP, clusterMeans, drawsFor, lowerBound, meanOf, negated, signFlip } from "./statistics.ts";

export type Outcome = "pass" | "fail" | "inconclusive";

/** Fewer independent clusters than this decide nothing. */
export const MIN_CLUSTERS = 30;

/** Largest distance of an unseen text from the mean, in multiples of the largest observed; chosen by simulation. */
const UNSEEN_FACTOR = 3;

/** Sign patterns where the bound has decided against a conclusion already, and p is only reported. */
const UNDECIDED_DRAWS = 1000;

/** Scores of one case: shares from 0 to 1, higher is better; cross entropy in nats per token, lower is better. */
export interface PairedScore {
  id: string;
  cluster: string;
  base: number;
  tuned: number;
  /** Score of the contestant that the tuned model is compared with, when it is not the base. */
  against?: number;
}

export interface EvidenceOptions {
  /** One-sided level of this look. */
  alpha: number;
  seed: number;
}

/** Mean of each cluster, each of which weighs one, and the range of unseen values. */
export interface Sample {
  means: Float64Array;
  /** Number of cases of each cluster. */
  sizes: Float64Array;
  range: readonly [worst: number, best: number];
}

/** Both one-sided views of a mean over clusters. */
export interface Evidence {
  ci: [number, number];
  /** p of the null that the true mean is at most `bar`. */
  above(bar: number): number;
  /** p of the null that the true mean is at least `bar`; beyond alpha only a lower bound of it. */
  below(bar: number): number;
}

/** Score that the tuned model's is compared with. */
export const rivalOf = ({ base, against }: PairedScore): number => against ?? base;

/** Difference of a case, oriented so that positive means the tuned model is better. */
export const differenceOf = (score: PairedScore, entropy: boolean): number =>
  entropy ? rivalOf(score) - score.tuned : score.tuned - rivalOf(score);

/** Differences by cluster. A share can lose or gain 1; cross entropy WORST_NATS, or more where large ones were seen. */
export function differences(scores: readonly PairedScore[], entropy: boolean): Sample {
  const clusters = clusterMeans(
    scores.map((score) => ({ cluster: score.cluster, value: differenceOf(score, entropy) })),
  );
  return { ...clusters, range: entropy ? natsRange(clusters.means) : [-1, 1] };
}

/**
 * Differences of cross entropy that are possible for an unseen text. They have no bound, and without one no number of
 * texts bounds their mean (Bahadur and Savage, Annals of Mathematical Statistics 27, 1956).
 */
export function natsRange(means: Float64Array): [worst: number, best: number] {
  const mean = meanOf(means);
  let [low, high] = [mean, mean];
  for (const value of means) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [
    Math.min(-WORST_NATS, mean - UNSEEN_FACTOR * (mean - low)),
    Math.max(WORST_NATS, mean + UNSEEN_FACTOR * (high - mean)),
  ];
}

/** The tuned model's own shares by cluster. */
export function ownScores(scores: readonly PairedScore[]): Sample {
  return { ...clusterMeans(scores.map(({ cluster, tuned: value }) => ({ cluster, value }))), range: [0, 1] };
}

/** The bound alone: for a score, whose sign means nothing. */
export function weighScore({ means, range: [worst, best] }: Omit<Sample, "sizes">, alpha: number): Evidence {
  const turned = negated(means);
  return {
    ci: [lowerBound(means, worst, alpha), -lowerBound(turned, -best, alpha)],
    above: (bar) => boundP(means, worst, bar),
    below: (bar) => boundP(turned, -best, -bar),
  };
}

/**
 * Two tests of a difference, of which the larger p counts. The bound keeps its level for skewed differences, as they are at
 * a margin, where flipping signs does not. The sign-flip test keeps its level for symmetric ones beyond the bound's range.
 */
export function weighDifference(sample: Sample, { alpha, seed }: EvidenceOptions): Evidence {
  const bound = weighScore(sample, alpha);
  const turned = negated(sample.means);
  const draws = drawsFor(alpha);
  return {
    ci: bound.ci,
    above: (bar) => {
      const p = bound.above(bar);
      return Math.max(p, signFlip(sample.means, bar, seed, p > alpha ? UNDECIDED_DRAWS : draws));
    },
    below: (bar) => {
      const p = bound.below(bar);
      return p > alpha ? p : Math.max(p, signFlip(turned, -bar, seed, draws));
    },
  };
}

/**
 * True if the mean per case and the mean per cluster differ by more than chance: then size correlates with the score. Twice the
 * standard error of their difference, of whose influence a cluster has (size / mean size) (x - case mean) - (x - mean).
 */
export function sizeMatters({ means, sizes }: Sample, perCase: number): boolean {
  const mean = meanOf(means);
  const size = meanOf(sizes);
  let squares = 0;
  for (let i = 0; i < means.length; i++) {
    squares += ((sizes[i]! / size) * (means[i]! - perCase) - (means[i]! - mean)) ** 2;
  }
  return Math.abs(perCase - mean) > 1e-9 + (2 * Math.sqrt(squares)) / means.length;
}
