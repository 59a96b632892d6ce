import { quantileSorted } from "simple-statistics";
import { cosine, type Embedder, type Vector } from "../../embed/embedder.ts";
import { fitNgrams, hashedNgrams } from "../../embed/hashed-ngrams.ts";
import { normalise } from "../../embed/normalise.ts";
import type { TrainingRow } from "../rows.ts";
import type { CaseText } from "./case-texts.ts";
import type { Proposal } from "./finding.ts";
import { handsOver } from "./hand-over.ts";
import type { PolicyText } from "./policy.ts";
import { topicFinder } from "./topics.ts";

/** What a task says about its boundaries. */
export interface Scope {
  readonly inScope: readonly string[];
  readonly outOfScope: readonly string[];
}

/** Dimensions of the questions' vectors: fewer mix up the rare words that tell a foreign subject. */
const BUCKETS = 4096;
/** Added to each dimension's sum (Lidstone). */
const SMOOTHING = 0.3;
/** Share of the task's own in-scope questions that may look out of scope. */
const FALSE_ALARMS = 0.02;
/** An answer less like every other than this cosine is improvised; where only n-grams speak for it, it is so among the least alike tenth. */
const FAMILIAR = 0.5;
const LEAST_ALIKE = 0.1;
/** Answers that tell how alike answers usually are. */
const SAMPLE = 200;

/** One turn of a row's customer with its answer. */
interface Turn {
  readonly row: TrainingRow;
  readonly asked: string;
  readonly answer: string;
  readonly handedOver: boolean;
}

/**
 * Rows that improvise where they had to hand over: the question looks out of scope, and the answer neither hands over nor is
 * like any other. A question looks so by a word of a foreign subject, or by its log-odds under naive Bayes on the weights of its
 * n-grams, learnt from the task's own examples (scope lines, policy, cases, and the other rows, as they were handed over or not).
 */
export function outOfScope(
  rows: readonly TrainingRow[],
  cases: readonly CaseText[],
  policy: PolicyText,
  scope: Scope,
): Proposal[] {
  const turns = rows.flatMap(turnsOf);
  const known = cases.flatMap(({ lastTurn, handsOver }) =>
    lastTurn === undefined || handsOver === undefined ? [] : [{ text: lastTurn, out: handsOver }],
  );
  const rules = policy.map(({ text }) => text).filter((text) => !handsOver(text));
  const stated = [
    ...[...scope.inScope, ...rules].map((text) => ({ text, out: false })),
    ...scope.outOfScope.map((text) => ({ text, out: true })),
  ];
  const learnt = turns.map(({ asked, handedOver }) => ({ text: asked, out: handedOver }));
  const odds = logOdds([...known, ...stated, ...learnt]);
  const usual = known
    .map(({ out }, i) => (out ? undefined : odds[i]!))
    .filter((value) => value !== undefined);
  const limit =
    usual.length < 1 / FALSE_ALARMS
      ? Number.POSITIVE_INFINITY
      : quantileSorted(
          usual.sort((a, b) => a - b),
          1 - FALSE_ALARMS,
        );
  const answered = turns.filter(({ handedOver }) => !handedOver).map(({ asked }) => asked);
  const foreign = topicFinder({ ...scope, inScope: [...scope.inScope, ...rules] }, answered);
  const suspects = turns.flatMap((turn, i) => {
    if (turn.handedOver) return [];
    const word = foreign(turn.asked);
    if (word !== undefined) return [{ turn, why: `asks about ${JSON.stringify(word)}`, sure: true }];
    return odds[known.length + stated.length + i]! > limit
      ? [{ turn, why: "asks what is usually handed over", sure: false }]
      : [];
  });
  if (suspects.length === 0) return [];
  const improvised = improvisation(turns, rules);
  const found = new Map<TrainingRow, Proposal>();
  for (const { turn, why, sure } of suspects) {
    if (found.has(turn.row) || !improvised(turn, sure)) continue;
    found.set(turn.row, {
      kind: "out-of-scope",
      file: turn.row.file,
      line: turn.row.line,
      evidence: `${why}, and gets an answer like no other instead of a hand-over`,
      severity: "warning",
      action: "drop",
    });
  }
  return [...found.values()];
}

function turnsOf(row: TrainingRow): Turn[] {
  if ("text" in row.content) return [];
  const { messages } = row.content;
  return messages.flatMap(({ role, content: answer }, i) =>
    role === "assistant"
      ? [{ row, asked: messages[i - 1]!.content, answer, handedOver: handsOver(answer) }]
      : [],
  );
}

/**
 * How much more each text looks like those that are out than like those that are in, each left out of what it is held against:
 * the mean over its n-grams' weights of ln P(n-gram | out) - ln P(n-gram | in).
 */
function logOdds(examples: readonly { readonly text: string; readonly out: boolean }[]): number[] {
  const embedder = hashedNgrams(
    fitNgrams(
      examples.map(({ text }) => text),
      BUCKETS,
    ),
  );
  const vectors = examples.map(({ text }) => sparse(embedder.embed(text)));
  const sums = { in: new Float64Array(BUCKETS), out: new Float64Array(BUCKETS) };
  const totals = { in: SMOOTHING * BUCKETS, out: SMOOTHING * BUCKETS };
  for (const [i, { out }] of examples.entries()) {
    const side = out ? "out" : "in";
    for (const [bucket, weight] of vectors[i]!) {
      sums[side][bucket]! += weight;
      totals[side] += weight;
    }
  }
  return examples.map(({ out }, i) => {
    let [odds, mass] = [0, 0];
    for (const [bucket, weight] of vectors[i]!) {
      const [o, n] = [sums.out[bucket]! - (out ? weight : 0), sums.in[bucket]! - (out ? 0 : weight)];
      odds += weight * (Math.log((o + SMOOTHING) / totals.out) - Math.log((n + SMOOTHING) / totals.in));
      mass += weight;
    }
    return mass === 0 ? Number.NEGATIVE_INFINITY : odds / mass;
  });
}

function sparse(vector: Vector): [bucket: number, weight: number][] {
  return [...vector].flatMap((weight, bucket): [number, number][] =>
    weight === 0 ? [] : [[bucket, weight]],
  );
}

/** Tells answers that no other row and no rule of the policy resembles; `sure` when the question alone says enough. */
function improvisation(
  turns: readonly Turn[],
  rules: readonly string[],
): (turn: Turn, sure: boolean) => boolean {
  const embedder: Embedder = hashedNgrams(fitNgrams([...turns.map(({ answer }) => answer), ...rules]));
  const vectors = turns.map(({ answer }) => embedder.embed(answer));
  const ruled = rules.map((rule) => embedder.embed(rule));
  const questions = turns.map(({ asked }) => normalise(asked));
  const nearest = (at: number): number => {
    let best = 0;
    for (const vector of ruled) best = Math.max(best, cosine(vector, vectors[at]!));
    for (const [i, vector] of vectors.entries()) {
      // Copies of a row do not make its answer familiar.
      if (turns[i]!.row.group === turns[at]!.row.group || questions[i] === questions[at]) continue;
      best = Math.max(best, cosine(vector, vectors[at]!));
    }
    return best;
  };
  const step = Math.max(1, Math.floor(turns.length / SAMPLE));
  const usual = turns.flatMap((_, i) => (i % step === 0 ? [nearest(i)] : [])).sort((a, b) => a - b);
  const limit = Math.min(FAMILIAR, quantileSorted(usual, LEAST_ALIKE));
  const places = new Map(turns.map((turn, i) => [turn, i]));
  return (turn, sure) => nearest(places.get(turn)!) < (sure ? FAMILIAR : limit);
}
