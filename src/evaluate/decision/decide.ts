import { counted } from "../../formats/counted.ts";
import { percent } from "../../formats/percent.ts";
import { type Contestant, type Criterion, GRADED } from "../../task/schema.ts";
import { contestantOf } from "../cases/select.ts";
import { type Announced, type AnnouncedResult, judgeAnnounced } from "./announced.ts";
import { countFailures } from "./counting.ts";
import {
  differenceOf,
  differences,
  type Evidence,
  type EvidenceOptions,
  MIN_CLUSTERS,
  type Outcome,
  ownScores,
  type PairedScore,
  rivalOf,
  type Sample,
  sizeMatters,
  weighDifference,
  weighScore,
} from "./evidence.ts";
import { plannedOf } from "./power.ts";
import { clustersNeeded, detectable, type Spread } from "./sample-size.ts";
import { clusterMeans, lowerBound, mcnemar, meanOf, standardError } from "./statistics.ts";

/** A baseline must be this far above chance before "not worse than it" means anything. */
const RELIABLE_ABOVE_CHANCE = 0.1;
/** Non-inferiority needs a base that scores this many margins: below, losing all would hardly be a loss. */
const MARGINS_OF_BASE = 2;
/** Nats per token; a text that loses more is named lost, however much more it loses. */
const LOST_NATS = 0.2;

/** Remedies for lost general capability; `src/workflow/repair/` applies them. */
const REPAIR =
  "below its budget: `lorafit train --within-budget` tries a smaller scale, earlier checkpoints and more replay, on held-out text";

/** A criterion with its numbers, as in verdict.json. Scores and differences are means over clusters, each of which weighs one. */
export interface CriterionResult {
  name: string;
  kind: Criterion["kind"];
  scorer: string;
  base: number;
  tuned: number;
  /** The contestant that a superiority criterion is against, when it is not the base, and its score. */
  against?: { contestant: Contestant; score: number; per_case: number };
  /** Tuned against base or contestant; positive means the tuned model is better. */
  difference: number;
  /** Compared with the bar: the difference, or the tuned model's own score. */
  estimate: number;
  bar: number;
  /** Two one-sided bounds of the estimate at `alpha`. */
  ci: [number, number];
  /** One-sided level: that of the look at these cases. */
  alpha: number;
  /** One-sided p of the null that the bar is not met. */
  p: number;
  margin?: number;
  effect?: number;
  n: number;
  clusters: number;
  /** For kinds that count failures: clusters in which a failure was possible. */
  at_risk?: number;
  /** For the same kinds: cases that failed and may not. */
  failures?: number;
  /** The same scores with each case weighing one. */
  per_case: { base: number; tuned: number; difference: number };
  outcome: Outcome;
  /** Exact McNemar over cases, for scores that are 0 or 1; and how many cases only one of the two passes. */
  mcnemar_p?: number;
  fixed?: number;
  broken?: number;
  /** For cross entropy: share of clusters that lose more than 0.2 nat per token, with its upper bound at `alpha`. */
  lost?: { share: number; at_most: number };
  /** Smallest true distance from the bar that these cases find with 90 % power. */
  detectable?: number;
  /** Slices announced as improved: claims, which do not decide. */
  announced?: AnnouncedResult[];
  notes: string[];
}

export interface JudgeOptions extends EvidenceOptions {
  /** Chance level, when a base score near it makes the comparison meaningless. */
  chance?: number;
  /** Ids of cases that have no answer. */
  missing?: readonly string[];
  /** The slices that were announced as improved. */
  announced?: readonly Announced[];
}

/** Kinds that are decided by an estimate and a bar. */
type Measured = Exclude<Criterion, { kind: "zero-new-failures" | "zero-failures" }>;

/** An estimate, the bar it must exceed, and the value below which it fails. */
interface Question {
  sample: Sample;
  evidence: Evidence;
  bar: number;
  hoped: number;
  /** True where the estimate must stay below the bar. */
  most?: true;
}

function questionOf(
  criterion: Measured,
  scores: readonly PairedScore[],
  entropy: boolean,
  options: EvidenceOptions,
): Question {
  if (criterion.kind === "at-least" || criterion.kind === "at-most") {
    const sample = ownScores(scores);
    const evidence = weighScore(sample, options.alpha);
    return criterion.kind === "at-least"
      ? { sample, evidence, bar: criterion.floor, hoped: criterion.floor }
      : { sample, evidence, bar: criterion.ceiling, hoped: criterion.ceiling, most: true };
  }
  const sample = differences(scores, entropy);
  const evidence = weighDifference(sample, options);
  return criterion.kind === "superiority"
    ? { sample, evidence, bar: criterion.margin, hoped: criterion.effect }
    : { sample, evidence, bar: -criterion.margin, hoped: -criterion.margin };
}

function threeWay({ evidence, bar, hoped, most }: Question, alpha: number): { outcome: Outcome; p: number } {
  const [met, missed] = most ? [evidence.below, evidence.above] : [evidence.above, evidence.below];
  const p = met(bar);
  if (p <= alpha) return { outcome: "pass", p };
  return { outcome: missed(hoped) <= alpha ? "fail" : "inconclusive", p };
}

/**
 * The three-way rule. Superiority: above `margin` passes, below `effect` fails. Non-inferiority: above -margin passes,
 * below it fails. At least, at most: on its side of the bar passes, on the other fails. The kinds that count: one failure
 * is a fail. Otherwise, and always with too few clusters or a base that has nothing to lose: inconclusive.
 */
export function judge(
  criterion: Criterion,
  scores: readonly PairedScore[],
  options: JudgeOptions,
): CriterionResult {
  const entropy = criterion.scorer === "cross-entropy";
  const missing = options.missing ?? [];
  const fixed = scores.filter((score) => differenceOf(score, false) > 0).length;
  const broken = scores.filter((score) => differenceOf(score, false) < 0).length;
  const own = common(criterion, scores, options.alpha);
  const counts = GRADED.has(criterion.scorer) ? {} : { mcnemar_p: mcnemar(fixed, broken), fixed, broken };
  const notes =
    missing.length === 0
      ? []
      : [
          `${counted(missing.length, "case")} without an answer ${missing.length === 1 ? "counts" : "count"} as failed`,
        ];

  if (criterion.kind === "zero-new-failures" || criterion.kind === "zero-failures") {
    const counted = countFailures(criterion.kind, scores, options.alpha);
    return { ...own, ...counts, ...counted, notes: [...notes, ...counted.notes] };
  }

  const question = questionOf(criterion, scores, entropy, options);
  const { sample, evidence, bar, most } = question;
  const clusters = sample.means.length;
  const estimate = meanOf(sample.means);
  const [worst, best] = sample.range;
  const spread = {
    deviation: standardError(sample.means) * Math.sqrt(clusters),
    reach: most ? best - bar : bar - worst,
  };
  const decided = threeWay(question, options.alpha);
  const found = detectable(spread, clusters, options.alpha);
  const doubts = doubtsOf(criterion, clusters, own.base, options);
  let outcome = doubts.length > 0 ? "inconclusive" : decided.outcome;
  notes.push(...doubts);
  if (entropy && missing.length > 0) outcome = "fail";
  if (outcome === "inconclusive") notes.push(shown(criterion, spread, clusters, options.alpha));
  if (entropy && criterion.kind === "non-inferiority" && own.difference < -criterion.margin)
    notes.push(REPAIR);
  const perCase =
    criterion.kind === "at-least" || criterion.kind === "at-most"
      ? own.per_case.tuned
      : own.per_case.difference;
  if (sizeMatters(sample, perCase) || (perCase - bar) * (estimate - bar) < 0) {
    notes.push(
      `each case weighing one it is ${perCase.toFixed(3)}, each cluster weighing one ${estimate.toFixed(3)}: large clusters score otherwise than small ones`,
    );
  }
  const { announced = [] } = options;
  return {
    ...own,
    ...counts,
    estimate,
    bar,
    ci: evidence.ci,
    p: decided.p,
    ...("margin" in criterion && { margin: criterion.margin }),
    ...("effect" in criterion && { effect: criterion.effect }),
    ...(entropy && { lost: lostShare(sample, options.alpha) }),
    detectable: found,
    ...(announced.length > 0 && { announced: judgeAnnounced(announced, bar, entropy, options) }),
    outcome,
    notes,
  };
}

/** Power of the cases: the distance from the bar that they detect, and the number of clusters that the planned distance needs. */
function shown(criterion: Measured, spread: Spread, clusters: number, alpha: number): string {
  const unit = criterion.scorer === "cross-entropy" ? " nat" : "";
  const side = criterion.kind === "at-most" ? "below" : "above";
  const found = `with the spread measured, ${counted(clusters, "cluster")} ${clusters === 1 ? "finds" : "find"} ${detectable(spread, clusters, alpha).toFixed(3)}${unit} or more ${side} the bar (90 % power)`;
  const planned = plannedOf(criterion);
  if (planned === undefined) return found;
  const needed = clustersNeeded(spread, planned, alpha, MIN_CLUSTERS);
  return `${found}; the planned ${planned.toFixed(3)}${unit} needs ${Number.isFinite(needed) ? needed : "more than can be had"}`;
}

/** The fields that every kind has. */
function common(criterion: Criterion, scores: readonly PairedScore[], alpha: number) {
  const entropy = criterion.scorer === "cross-entropy";
  const overClusters = (read: (score: PairedScore) => number) =>
    meanOf(clusterMeans(scores.map((score) => ({ cluster: score.cluster, value: read(score) }))).means);
  const overCases = (read: (score: PairedScore) => number) =>
    scores.reduce((total, score) => total + read(score), 0) / scores.length;
  const base = ({ base }: PairedScore) => base;
  const tuned = ({ tuned }: PairedScore) => tuned;
  const difference = (score: PairedScore) => differenceOf(score, entropy);
  const rival = contestantOf(criterion);
  return {
    name: criterion.name,
    kind: criterion.kind,
    scorer: criterion.style === undefined ? criterion.scorer : `style: ${criterion.style}`,
    base: overClusters(base),
    tuned: overClusters(tuned),
    ...(rival !== undefined && {
      against: { contestant: rival, score: overClusters(rivalOf), per_case: overCases(rivalOf) },
    }),
    difference: overClusters(difference),
    alpha,
    n: scores.length,
    clusters: new Set(scores.map(({ cluster }) => cluster)).size,
    per_case: { base: overCases(base), tuned: overCases(tuned), difference: overCases(difference) },
  };
}

/** Reason why scores of this shape cannot decide, whatever their values. */
function doubtsOf(
  { kind, scorer, ...criterion }: Measured,
  clusters: number,
  base: number,
  { chance }: JudgeOptions,
): string[] {
  const doubts: string[] = [];
  if (clusters < MIN_CLUSTERS)
    doubts.push(
      `${counted(clusters, "cluster")} ${clusters === 1 ? "is" : "are"} too few: at least ${MIN_CLUSTERS} are needed`,
    );
  if (kind !== "non-inferiority" || scorer === "cross-entropy") return doubts;
  const { margin } = criterion as Extract<Measured, { kind: "non-inferiority" }>;
  if (chance !== undefined && base < chance + RELIABLE_ABOVE_CHANCE) {
    doubts.push(
      `unreliable baseline: ${percent(base)} is less than 10 points above chance (${percent(chance)})`,
    );
  }
  if (base < MARGINS_OF_BASE * margin) {
    doubts.push(
      `weak baseline: it scores ${percent(base)}, less than twice the margin of ${percent(margin)}, so it has almost nothing to lose; set a floor (at-least)`,
    );
  }
  return doubts;
}

/** Share of clusters that lose more than 0.2 nat, with its upper bound (Clopper and Pearson): bounded, as the mean loss is not. */
function lostShare({ means }: Sample, alpha: number): { share: number; at_most: number } {
  const kept = means.map((mean) => (mean < -LOST_NATS ? 0 : 1));
  return { share: 1 - meanOf(kept), at_most: 1 - lowerBound(kept, 0, alpha) };
}

/** One fail decides; else one inconclusive; else pass. What is not applicable decides nothing. */
export function overall(outcomes: readonly (Outcome | "not applicable")[]): Outcome {
  if (outcomes.includes("fail")) return "fail";
  return outcomes.includes("inconclusive") ? "inconclusive" : "pass";
}
