import { mean } from "simple-statistics";
import { type Criterion, GRADED } from "../task/schema.ts";
import {
  bootstrapInterval,
  type Cluster,
  clusterError,
  clustersOf,
  detectable,
  mcnemar,
  meanOf,
  shift,
  signFlip,
} from "./statistics.ts";

export type Outcome = "pass" | "fail" | "inconclusive";

/** Fewer independent clusters than this decide nothing. */
export const MIN_CLUSTERS = 30;
/** A baseline must be this far above chance before "not worse than it" means anything. */
const RELIABLE_ABOVE_CHANCE = 0.1;

/** Base and tuned score of one case. Shares are 0 or 1, higher is better; cross entropy is nats per token, lower is better. */
export interface PairedScore {
  id: string;
  cluster: string;
  base: number;
  tuned: number;
}

/** A criterion with its numbers, as in verdict.json. `difference` is oriented so that positive means tuned is better. */
export interface CriterionResult {
  name: string;
  kind: Criterion["kind"];
  scorer: string;
  base: number;
  tuned: number;
  difference: number;
  ci: [number, number];
  /** One-sided sign-flip p against the margin; for zero-new-failures exact McNemar. */
  p: number;
  margin: number;
  effect?: number;
  n: number;
  clusters: number;
  outcome: Outcome;
  /** Exact McNemar, for scores that are 0 or 1. */
  mcnemar_p?: number;
  fixed?: number;
  broken?: number;
  /** Smallest true difference that these cases find with 80 % power. */
  detectable: number;
  notes: string[];
}

export interface JudgeOptions {
  /** One-sided level of this look. */
  alpha: number;
  seed: number;
  /** Chance level, when a base score near it makes the comparison meaningless. */
  chance?: number;
  /** Ids of cases that have no answer. */
  missing?: readonly string[];
}

/**
 * Interval and permutation test must agree on which side of a bar the mean lies: the interval speaks of the size, the
 * test holds its level in small samples.
 */
function threeWay(
  criterion: Exclude<Criterion, { kind: "zero-new-failures" }>,
  clusters: readonly Cluster[],
  [low, high]: readonly [number, number],
  { alpha, seed }: JudgeOptions,
): { outcome: Outcome; p: number } {
  const superior = criterion.kind === "superiority";
  const bar = superior ? criterion.margin : -criterion.margin;
  const p = signFlip(shift(clusters, -bar), seed);
  if (low > bar && p <= alpha) return { outcome: "pass", p };
  const hoped = superior ? criterion.effect : bar;
  const short = shift(clusters, -hoped).map(({ sum, size }) => ({ sum: -sum, size }));
  const failed = high < hoped && signFlip(short, seed) <= alpha;
  return { outcome: failed ? "fail" : "inconclusive", p };
}

/**
 * The three-way rule. Superiority: above `margin` passes, below `effect` fails. Non-inferiority: above -margin passes,
 * below it fails. Zero new failures: one case that the base passed and the tuned model fails is a fail. Otherwise,
 * and always with fewer than 30 clusters or a baseline near chance: inconclusive.
 */
export function judge(
  criterion: Criterion,
  scores: readonly PairedScore[],
  options: JudgeOptions,
): CriterionResult {
  const entropy = criterion.scorer === "cross-entropy";
  const missing = options.missing ?? [];
  const base = mean(scores.map((score) => score.base));
  const tuned = mean(scores.map((score) => score.tuned));
  const clusters = clustersOf(
    scores.map((score) => ({
      cluster: score.cluster,
      difference: entropy ? score.base - score.tuned : score.tuned - score.base,
    })),
  );
  const fixed = scores.filter((score) => score.tuned > score.base).length;
  const broken = scores.filter((score) => score.tuned < score.base).length;
  const ci = bootstrapInterval(clusters, options.alpha, options.seed);
  const result = {
    name: criterion.name,
    kind: criterion.kind,
    scorer: criterion.style === undefined ? criterion.scorer : `style: ${criterion.style}`,
    base,
    tuned,
    difference: meanOf(clusters),
    ci,
    n: scores.length,
    clusters: clusters.length,
    ...(!GRADED.has(criterion.scorer) && { mcnemar_p: mcnemar(fixed, broken), fixed, broken }),
    detectable: detectable(clusterError(clusters), options.alpha),
  };
  const notes = missing.length === 0 ? [] : [`${missing.length} cases have no answer and count as failed`];

  if (criterion.kind === "zero-new-failures") {
    const bound = `0 new failures in ${scores.length} cases still allow a rate of ${(300 / scores.length).toFixed(0)} % (3/n)`;
    if (broken === 0) notes.push(bound);
    return {
      ...result,
      p: mcnemar(fixed, broken),
      margin: 0,
      outcome: broken === 0 ? "pass" : "fail",
      notes,
    };
  }

  const decided = threeWay(criterion, clusters, ci, options);
  let outcome = decided.outcome;
  if (clusters.length < MIN_CLUSTERS) {
    outcome = "inconclusive";
    notes.push(`${clusters.length} clusters are too few: at least ${MIN_CLUSTERS} are needed`);
  }
  if (options.chance !== undefined && base < options.chance + RELIABLE_ABOVE_CHANCE) {
    outcome = "inconclusive";
    notes.push(
      `unreliable baseline: ${percent(base)} is less than 10 points above chance (${percent(options.chance)})`,
    );
  }
  if (entropy && missing.length > 0) outcome = "fail";
  if (
    outcome === "inconclusive" &&
    criterion.kind === "superiority" &&
    result.detectable > criterion.effect
  ) {
    notes.push(
      `these cases find an effect of ${result.detectable.toFixed(3)} or more; ${criterion.effect} was planned for`,
    );
  }
  const effect = criterion.kind === "superiority" ? { effect: criterion.effect } : {};
  return { ...result, p: decided.p, margin: criterion.margin, ...effect, outcome, notes };
}

/** One fail decides; else one inconclusive; else pass. */
export function overall(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes("fail")) return "fail";
  return outcomes.includes("inconclusive") ? "inconclusive" : "pass";
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
