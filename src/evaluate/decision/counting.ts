import { counted } from "../../formats/counted.ts";
import { percent } from "../../formats/percent.ts";
import { type Outcome, type PairedScore, weighScore } from "./evidence.ts";
import { clusterMeans } from "./statistics.ts";

/** Rate of failing clusters that a count without a failure must rule out at the look's level. */
const RULED_OUT = 0.1;

/** Clusters without a failure that rule out a rate of failures, 10 % unless given: (1 - rate)^n at most alpha. */
export const clustersForNone = (alpha: number, rate = RULED_OUT): number =>
  Math.ceil(Math.log(alpha) / Math.log(1 - rate));

/**
 * The kinds that count. zero-new-failures: a case that the base passes must not fail; at risk are the clusters in which the
 * base passes a case. zero-failures: no case may fail; every cluster is at risk. One failure is a fail. None is a pass when
 * the clusters at risk would have shown one, with a probability of 1 - alpha, if one in ten failed; p is 0.9^n.
 * The estimate is the share of clusters at risk with a failure, its interval that of Clopper and Pearson.
 */
export function countFailures(
  kind: "zero-new-failures" | "zero-failures",
  scores: readonly PairedScore[],
  alpha: number,
) {
  const atRisk = kind === "zero-failures" ? scores : scores.filter(({ base }) => base === 1);
  const failures = atRisk.filter(({ tuned }) => tuned < 1).length;
  const { means } = clusterMeans(atRisk.map(({ cluster, tuned }) => ({ cluster, value: tuned })));
  const failing = means.map((mean) => (mean < 1 ? 1 : 0));
  const clusters = means.length;
  const needed = clustersForNone(alpha);
  const ci: [number, number] =
    clusters === 0 ? [0, 1] : weighScore({ means: failing, range: [0, 1] }, alpha).ci;
  const outcome: Outcome = failures > 0 ? "fail" : clusters >= needed ? "pass" : "inconclusive";
  const who = kind === "zero-failures" ? "at risk are" : "the base passes";
  const notes = [`${who} ${atRisk.length} of ${scores.length} cases, in ${counted(clusters, "cluster")}`];
  if (failures === 0) notes.push(`no failure in them still allows a rate of ${percent(ci[1])}`);
  if (outcome === "inconclusive") notes.push(`${needed} clusters at risk are needed to rule out 10 %`);
  return {
    estimate: clusters === 0 ? 0 : failing.reduce((total, one) => total + one, 0) / clusters,
    bar: 0,
    ci,
    p: failures > 0 ? 1 : (1 - RULED_OUT) ** clusters,
    at_risk: clusters,
    failures,
    outcome,
    notes,
  };
}
