import {
  differences,
  type EvidenceOptions,
  MIN_CLUSTERS,
  type PairedScore,
  weighDifference,
} from "./evidence.ts";
import { holm, meanOf } from "./statistics.ts";

/** A slice that was announced as improved before training. */
export interface AnnouncedResult {
  where: Readonly<Record<string, string | number | boolean>>;
  n: number;
  clusters: number;
  difference: number;
  ci: [number, number];
  /** Against the criterion's margin. */
  p: number;
  /** p after Holm's correction over the criterion's announced slices. */
  p_holm: number;
  /** True if the claim may be made: p_holm at most alpha, on 30 clusters or more. */
  improved: boolean;
}

/** The scores of an announced slice. */
export interface Announced {
  where: AnnouncedResult["where"];
  scores: readonly PairedScore[];
}

/** The claims of a superiority criterion, corrected for their number. */
export function judgeAnnounced(
  slices: readonly Announced[],
  margin: number,
  entropy: boolean,
  options: EvidenceOptions,
): AnnouncedResult[] {
  const weighed = slices.map(({ where, scores }) => {
    const sample = differences(scores, entropy);
    const { ci, above } = weighDifference(sample, options);
    return { where, n: scores.length, means: sample.means, ci, p: above(margin) };
  });
  const adjusted = holm(weighed.map(({ p }) => p));
  return weighed.map(({ where, n, means, ci, p }, i) => ({
    where,
    n,
    clusters: means.length,
    difference: meanOf(means),
    ci,
    p,
    p_holm: adjusted[i]!,
    improved: adjusted[i]! <= options.alpha && means.length >= MIN_CLUSTERS,
  }));
}
