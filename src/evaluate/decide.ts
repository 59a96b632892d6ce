import { mean } from "simple-statistics";
import { percent } from "../formats/percent.ts";
import { type Criterion, GRADED } from "../task/schema.ts";
import { type Announced, type AnnouncedResult, judgeAnnounced } from "./announced.ts";
import {
  differences,
  type Evidence,
  type EvidenceOptions,
  extremes,
  MIN_CLUSTERS,
  type PairedScore,
  weigh,
} from "./evidence.ts";
import { clusterError, detectable, mcnemar, meanOf } from "./statistics.ts";

export type Outcome = "pass" | "fail" | "inconclusive";

/** A baseline must be this far above chance before "not worse than it" means anything. */
const RELIABLE_ABOVE_CHANCE = 0.1;

/** What works against lost general capability; `src/workflow/repair.ts` does it. */
const REPAIR =
  "below its budget: `lorafit train --within-budget` tries a smaller scale, earlier checkpoints and more replay, on held-out text";

/** A criterion with its numbers, as in verdict.json. `difference` is oriented so that positive means tuned is better. */
export interface CriterionResult {
  name: string;
  kind: Criterion["kind"];
  scorer: string;
  base: number;
  tuned: number;
  difference: number;
  /** Two one-sided bounds at `alpha`. */
  ci: [number, number];
  /** One-sided level: that of the look at these cases. */
  alpha: number;
  /** One-sided, against the margin: the larger of the two tests'. For zero-new-failures exact McNemar. */
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
  /** Smallest true distance from the bar that these cases find with 90 % power. */
  detectable: number;
  /** Slices announced as improved: claims, which do not decide. */
  announced?: AnnouncedResult[];
  notes: string[];
}

export interface JudgeOptions extends EvidenceOptions {
  /** Chance level, when a base score near it makes the comparison meaningless. */
  chance?: number;
  /** Ids of cases that have no answer. */
  missing?: readonly string[];
}

function threeWay(
  criterion: Exclude<Criterion, { kind: "zero-new-failures" }>,
  evidence: Evidence,
  alpha: number,
): { outcome: Outcome; p: number } {
  const superior = criterion.kind === "superiority";
  const bar = superior ? criterion.margin : -criterion.margin;
  const p = evidence.above(bar);
  if (p <= alpha) return { outcome: "pass", p };
  const hoped = superior ? criterion.effect : bar;
  return { outcome: evidence.below(hoped) <= alpha ? "fail" : "inconclusive", p };
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
  announced: readonly Announced[] = [],
): CriterionResult {
  const entropy = criterion.scorer === "cross-entropy";
  const missing = options.missing ?? [];
  const base = mean(scores.map((score) => score.base));
  const tuned = mean(scores.map((score) => score.tuned));
  const evidence = weigh(differences(scores, entropy), entropy, options);
  const { clusters } = evidence;
  const fixed = scores.filter((score) => score.tuned > score.base).length;
  const broken = scores.filter((score) => score.tuned < score.base).length;
  const result = {
    name: criterion.name,
    kind: criterion.kind,
    scorer: criterion.style === undefined ? criterion.scorer : `style: ${criterion.style}`,
    base,
    tuned,
    difference: meanOf(clusters),
    ci: evidence.ci,
    alpha: options.alpha,
    n: scores.length,
    clusters: clusters.length,
    ...(!GRADED.has(criterion.scorer) && { mcnemar_p: mcnemar(fixed, broken), fixed, broken }),
    detectable: detectable(
      clusterError(clusters),
      clusters.length,
      meanOf(clusters) - extremes(clusters, entropy)[0],
      options.alpha,
    ),
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

  const decided = threeWay(criterion, evidence, options.alpha);
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
    result.detectable > criterion.effect - criterion.margin
  ) {
    notes.push(
      `these cases find ${result.detectable.toFixed(3)} or more above the margin; ${criterion.effect - criterion.margin} was planned for`,
    );
  }
  if (entropy && criterion.kind === "non-inferiority" && result.difference < -criterion.margin)
    notes.push(REPAIR);
  const planned =
    criterion.kind === "superiority"
      ? {
          effect: criterion.effect,
          ...(announced.length > 0 && {
            announced: judgeAnnounced(announced, criterion.margin, entropy, options),
          }),
        }
      : {};
  return { ...result, p: decided.p, margin: criterion.margin, ...planned, outcome, notes };
}

/** One fail decides; else one inconclusive; else pass. What is not applicable decides nothing. */
export function overall(outcomes: readonly (Outcome | "not applicable")[]): Outcome {
  if (outcomes.includes("fail")) return "fail";
  return outcomes.includes("inconclusive") ? "inconclusive" : "pass";
}
