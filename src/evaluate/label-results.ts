import { CONTESTANTS, type Contestant, type HandOver } from "../task/schema.ts";
import type { Answered, AnswerRow } from "./answers/answer-row.ts";
import { type Abstention, abstention } from "./metrics/abstention.ts";
import { type CalibrationBin, calibration } from "./metrics/calibration.ts";
import { classification, type LabelScore } from "./metrics/classification.ts";

/** A wrong label that was given to several cases of a right one. */
export interface Confusion {
  readonly truth: string;
  readonly predicted: string;
  readonly n: number;
}

/** How a model labels the cases of a pack; each case weighs one. */
export interface LabelScores {
  readonly accuracy: number;
  readonly macro_f1: number;
  readonly labels: readonly LabelScore[];
  /** Entries of the confusion matrix off its diagonal, the largest first. */
  readonly confusions: readonly Confusion[];
  /** Of models that give probabilities. */
  readonly calibration?: { readonly ece: number; readonly bins: readonly CalibrationBin[] };
  /** Of models that give probabilities, in a task with `hand_over`. */
  readonly abstention?: Abstention;
}

/** The models' scores on the cases of a pack that have one right label. */
export interface LabelResult {
  readonly pack: string;
  readonly n: number;
  readonly base: LabelScores;
  readonly tuned: LabelScores;
  readonly contestants: { readonly [Name in Contestant]?: LabelScores };
}

/**
 * Scores of labels by pack; empty where no case has one. They are reported and not tested: a gate's test needs a score for each case,
 * and macro F1 is a ratio of counts over all of them.
 */
export function labelResults(answers: readonly AnswerRow[], handOver?: HandOver): LabelResult[] {
  const labelled = answers.filter((answer) => answer.label !== undefined);
  return [...new Set(labelled.map(({ pack }) => pack))].map((pack) => {
    const rows = labelled.filter((answer) => answer.pack === pack);
    const contestants = CONTESTANTS.flatMap((name) => {
      const answered = rows.filter(({ contestants }) => contestants?.[name] !== undefined);
      if (answered.length < rows.length) return [];
      return [[name, scoresOf(answered, ({ contestants }) => contestants![name]!, handOver)] as const];
    });
    return {
      pack,
      n: rows.length,
      base: scoresOf(rows, ({ base }) => base, handOver),
      tuned: scoresOf(rows, ({ tuned }) => tuned, handOver),
      contestants: Object.fromEntries(contestants),
    };
  });
}

function scoresOf(
  rows: readonly AnswerRow[],
  of: (row: AnswerRow) => Answered,
  handOver: HandOver | undefined,
): LabelScores {
  const pairs = rows.map((row) => ({ truth: row.label!, predicted: of(row).output ?? "" }));
  const { accuracy, macroF1, labels } = classification(pairs);
  const sure = rows.flatMap((row) => {
    const { confidence, score } = of(row);
    return confidence === undefined ? [] : [{ confidence, right: score === 1 }];
  });
  const probabilities = sure.length === rows.length;
  return {
    accuracy,
    macro_f1: macroF1,
    labels,
    confusions: confusionsOf(pairs),
    ...(probabilities && { calibration: calibration(sure) }),
    ...(probabilities && handOver !== undefined && { abstention: abstention(sure, handOver) }),
  };
}

function confusionsOf(pairs: readonly { readonly truth: string; readonly predicted: string }[]): Confusion[] {
  const counts = new Map<string, Confusion>();
  for (const { truth, predicted } of pairs) {
    if (truth === predicted) continue;
    const key = JSON.stringify([truth, predicted]);
    counts.set(key, { truth, predicted, n: (counts.get(key)?.n ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.n - a.n);
}
