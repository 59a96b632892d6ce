import { probit } from "simple-statistics";
import type { Criterion } from "../task/schema.ts";
import type { Case } from "./cases.ts";
import { MIN_CLUSTERS } from "./decide.ts";
import { selectCases } from "./select.ts";
import { detectable } from "./statistics.ts";

/** What a criterion's cases can show, before anything is trained. */
export interface PowerNote {
  name: string;
  cases: number;
  clusters: number;
  /** Distance from the bar that is found with 80 % power. */
  detectable: number;
  /** Distance from the bar that the criterion counts on. */
  planned: number;
  /** Clusters that the planned distance needs; at least 30. */
  needed: number;
}

/**
 * Standard deviation of a cluster's mean difference that is assumed while nothing has been measured. 0/1 scores: 0.5
 * when half the cases are expected to change, 0.32 when one in ten does; cross entropy: 0.3 nat, with which 300 items
 * find 0.05.
 */
function assumedDeviation(criterion: Criterion): number {
  if (criterion.scorer === "cross-entropy") return 0.3;
  return criterion.kind === "superiority" ? 0.5 : 0.32;
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
    const deviation = assumedDeviation(criterion);
    const planned = criterion.kind === "superiority" ? criterion.effect - criterion.margin : criterion.margin;
    const needed = Math.ceil((((probit(1 - alpha) + probit(0.8)) * deviation) / planned) ** 2);
    return {
      name: criterion.name,
      cases: selected.length,
      clusters,
      detectable: detectable(deviation / Math.sqrt(clusters), alpha),
      planned,
      needed: Math.max(MIN_CLUSTERS, needed),
    };
  });
}
