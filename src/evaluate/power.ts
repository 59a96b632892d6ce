import type { Criterion } from "../task/schema.ts";
import type { Case } from "./cases.ts";
import { MIN_CLUSTERS } from "./evidence.ts";
import { selectCases } from "./select.ts";
import { detectable } from "./statistics.ts";

/** What a criterion's cases can show, before anything is trained. */
export interface PowerNote {
  name: string;
  scorer: Criterion["scorer"];
  cases: number;
  clusters: number;
  /** Distance from the bar that is found with 90 % power. */
  detectable: number;
  /** Distance from the bar that the criterion counts on. */
  planned: number;
  /** Clusters with which the planned distance is found with 90 % power; at least 30. */
  needed: number;
}

/**
 * What is assumed while nothing has been measured: the standard deviation of a cluster's mean difference, and how far the
 * worst difference lies below the mean. Shares, superiority: as if base and tuned answered independently of one another, at
 * one half, where the variance is largest; answers to the same question go together and have less. Shares,
 * non-inferiority: one answer in ten changes. Cross entropy: 0.15 nat, twice what the bundled base shows, the worst
 * text three of these.
 */
function assumed(criterion: Exclude<Criterion, { kind: "zero-new-failures" }>): {
  deviation: number;
  reach: number;
} {
  if (criterion.scorer === "cross-entropy") return { deviation: 0.15, reach: 0.45 };
  if (criterion.kind === "non-inferiority") return { deviation: Math.sqrt(0.1), reach: 1 };
  return { deviation: Math.sqrt(0.5), reach: 1 + criterion.effect };
}

/**
 * Power of the statistical criteria at the one-sided level `alpha`, with cases of one cluster taken as one: the
 * cautious end. Zero-new-failures has none: it counts.
 */
export function powerNotes(
  criteria: readonly Criterion[],
  cases: readonly Case[],
  alpha: number,
): PowerNote[] {
  return criteria.flatMap((criterion) => {
    if (criterion.kind === "zero-new-failures") return [];
    const selected = selectCases(criterion, cases);
    const clusters = new Set(selected.map((item) => item.cluster)).size;
    const { deviation, reach } = assumed(criterion);
    const found = (n: number) => detectable(deviation / Math.sqrt(n), n, reach, alpha);
    const planned = criterion.kind === "superiority" ? criterion.effect - criterion.margin : criterion.margin;
    let needed = MIN_CLUSTERS;
    while (found(needed) > planned) needed++;
    return {
      name: criterion.name,
      scorer: criterion.scorer,
      cases: selected.length,
      clusters,
      detectable: found(clusters),
      planned,
      needed,
    };
  });
}
