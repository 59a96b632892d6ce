import { WORST_NATS } from "../../task/criterion-mistakes.ts";
import type { Criterion } from "../../task/schema.ts";
import type { Case } from "../cases/case.ts";
import { selectCases } from "../cases/select.ts";
import { clustersForNone } from "./counting.ts";
import { MIN_CLUSTERS } from "./evidence.ts";
import { clustersNeeded, detectable, powerOf, type Spread } from "./sample-size.ts";

/** Power of a criterion's cases, before training. */
export interface PowerNote {
  name: string;
  kind: Criterion["kind"];
  scorer: Criterion["scorer"];
  cases: number;
  clusters: number;
  /** Distance from the bar that is found with 90 % power; absent for the kinds that count. */
  detectable?: number;
  /** Distance from the bar that the criterion counts on; absent where it names none. */
  planned?: number;
  /** Clusters with which the planned distance is found with 90 % power; null when more than a thousand million. */
  needed?: number | null;
  /** Probability of a pass at the planned distance with these clusters, or without a failure for the kinds that count. */
  power?: number;
}

/** Joint power of the cases of all criteria. */
export interface JointPower {
  /** Probability that all pass, if every criterion's truth is as planned and they are independent. */
  independent: number;
  /** The least it can be, however they depend on each other: 1 - the sum of the probabilities of not passing. */
  at_least: number;
  /** Criteria whose power is unknown, because they name no score that is planned for. */
  unknown: string[];
}

/** Distance from the bar that the criterion counts on; undefined where it names none. */
export function plannedOf(criterion: Criterion): number | undefined {
  if (criterion.kind === "superiority") return criterion.effect - criterion.margin;
  if (criterion.kind === "non-inferiority") return criterion.margin;
  if (criterion.kind === "at-least" && criterion.expected !== undefined)
    return criterion.expected - criterion.floor;
  if (criterion.kind === "at-most" && criterion.expected !== undefined)
    return criterion.ceiling - criterion.expected;
  return undefined;
}

/**
 * Assumption before anything is measured: the standard deviation of a cluster's value. Shares, superiority: as if
 * base and tuned answered independently of one another, at one half, where the variance is largest; answers to the same
 * question agree more and have less. Shares, non-inferiority: one answer in ten changes. Cross entropy: 0.15 nat, twice
 * what the bundled base shows. A floor or ceiling: right or wrong, at the bar or the expected score, where it varies more.
 */
function assumed(criterion: Criterion): Spread | undefined {
  const entropy = criterion.scorer === "cross-entropy";
  const coin = (score: number) => Math.sqrt(score * (1 - score));
  const own = (bar: number, reach: number, expected = bar) => ({
    deviation: Math.max(coin(bar), coin(expected)),
    reach,
  });
  switch (criterion.kind) {
    case "superiority":
      return entropy
        ? { deviation: 0.15, reach: WORST_NATS + criterion.margin }
        : { deviation: Math.sqrt(0.5), reach: 1 + criterion.margin };
    case "non-inferiority":
      return entropy
        ? { deviation: 0.15, reach: WORST_NATS - criterion.margin }
        : { deviation: Math.sqrt(0.1), reach: 1 - criterion.margin };
    case "at-least":
      return own(criterion.floor, criterion.floor, criterion.expected);
    case "at-most":
      return own(criterion.ceiling, 1 - criterion.ceiling, criterion.expected);
    default:
      return undefined;
  }
}

/**
 * Fewest clusters that pass if each is exactly as planned, so that only the unseen cluster counts against them: boundP is then
 * (1 - rate)^C with rate = planned / (planned + reach). Undefined where the criterion plans nothing.
 */
export function fewestClusters(criterion: Criterion, alpha: number): number | undefined {
  const [planned, spread] = [plannedOf(criterion), assumed(criterion)];
  if (planned === undefined || spread === undefined) return undefined;
  return Math.max(MIN_CLUSTERS, clustersForNone(alpha, planned / (planned + spread.reach)));
}

/** Power of each criterion at its one-sided level, with cases of one cluster taken as one: the cautious end. */
export function powerNotes(
  criteria: readonly Criterion[],
  cases: readonly Case[],
  levelOf: (criterion: Criterion) => number,
): PowerNote[] {
  return criteria.map((criterion) => {
    const selected = selectCases(criterion, cases);
    const clusters = new Set(selected.map((item) => item.cluster)).size;
    const alpha = levelOf(criterion);
    const { name, kind, scorer } = criterion;
    const own = { name, kind, scorer, cases: selected.length, clusters };
    const spread = assumed(criterion);
    if (spread === undefined) {
      const needed = clustersForNone(alpha);
      return { ...own, needed, ...(kind === "zero-failures" && { power: Number(clusters >= needed) }) };
    }
    const found = detectable(spread, clusters, alpha);
    const planned = plannedOf(criterion);
    if (planned === undefined) return { ...own, detectable: found };
    const needed = clustersNeeded(spread, planned, alpha, MIN_CLUSTERS);
    const power = clusters < MIN_CLUSTERS ? 0 : powerOf(spread, clusters, planned, alpha);
    return {
      ...own,
      detectable: found,
      planned,
      needed: Number.isFinite(needed) ? needed : null,
      power,
    };
  });
}

/** Power of all criteria together, which all must pass. */
export function jointPower(notes: readonly PowerNote[]): JointPower {
  const known = notes.flatMap(({ power }) => power ?? []);
  return {
    independent: known.reduce((product, power) => product * power, 1),
    at_least: Math.max(0, 1 - known.reduce((total, power) => total + 1 - power, 0)),
    unknown: notes.filter(({ power }) => power === undefined).map(({ name }) => name),
  };
}
