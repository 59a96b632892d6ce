import { quantile } from "simple-statistics";
import { EXIT } from "../errors.ts";
import { holm } from "../evaluate/decision/statistics.ts";
import { ALPHA } from "../evaluate/looks/looks.ts";
import { createRng } from "../rng.ts";
import { type Comparison, comparePlaced, countsOf, STATISTICS, type StatisticName } from "./compare.ts";
import { examplesOf, newWordsOf, topicsOf } from "./explain.ts";
import type { DriftLook } from "./looks.ts";
import { oneOfEach, type Query, sample } from "./queries.ts";
import { type DriftReference, MAX_QUERIES } from "./reference.ts";
import type { DriftResult } from "./result.ts";
import { type Placed, placeTexts } from "./space.ts";
import { jensenShannon, wasserstein } from "./statistics.ts";

/** Fewer queries on either side are not compared. */
export const MIN_QUERIES = 100;

export interface Log {
  readonly file: string;
  readonly sha256: string;
  readonly queries: readonly Query[];
}

/** Reason why the log cannot be compared with the reference; null when it can. */
export function tooFew(reference: DriftReference, log: Log): string | null {
  const few = (what: string, count: number): string =>
    `${count} ${what} are fewer than ${MIN_QUERIES}: they would show only a very large drift`;
  if (log.queries.length < MIN_QUERIES) return few("new queries", log.queries.length);
  const conversations = oneOfEach(log.queries, log.sha256).length;
  if (conversations < MIN_QUERIES)
    return few(`conversations in ${log.queries.length} new queries`, conversations);
  const kept = reference.placed.lengths.length;
  return kept < MIN_QUERIES ? few("queries in the reference", kept) : null;
}

/** The result for a log with too few queries. */
export function inconclusive(reference: DriftReference, log: Log, reason: string): DriftResult {
  return {
    ...header(reference, log, 0),
    outcome: "inconclusive",
    exit_code: EXIT.inconclusive,
    reason,
    look: null,
    statistics: [],
    topics: [],
    new_words: [],
    examples: [],
  };
}

/** Compares a log with the reference at the level of this look. Equal logs give equal results. */
export function detectDrift(reference: DriftReference, log: Log, { look, level }: DriftLook): DriftResult {
  const queries = sample(oneOfEach(log.queries, log.sha256), MAX_QUERIES, log.sha256);
  const placed = placeTexts(
    reference.space,
    queries.map(({ text }) => text),
  );
  const draws = drawsAt(level);
  const comparison = comparePlaced(reference.placed, placed, draws, createRng(log.sha256));
  const statistics = statisticsOf(comparison, reference, placed, level);
  const drifted = new Set(statistics.filter((entry) => entry.drifted).map(({ name }) => name));
  const newWords = drifted.has("words") ? newWordsOf(comparison, queries, level) : [];
  return {
    ...header(reference, log, queries.length),
    outcome: drifted.size > 0 ? "drift" : "no drift",
    exit_code: drifted.size > 0 ? EXIT.failed : EXIT.done,
    reason: null,
    look: { look, level, alpha: ALPHA, draws },
    statistics,
    topics: topicsOf(reference, placed),
    new_words: newWords,
    examples: drifted.size > 0 ? examplesOf(queries, placed, newWords) : [],
  };
}

/** Random groups for a level: eight times as many as the smallest p that Holm asks for needs, as far as time allows. */
export function drawsAt(level: number): number {
  return Math.min(49_999, Math.ceil((8 * STATISTICS.length) / level) - 1);
}

function header(reference: DriftReference, { file, sha256, queries }: Log, compared: number) {
  const dates = queries.flatMap(({ date }) => date ?? []).sort();
  return {
    format_version: 1 as const,
    at: new Date().toISOString(),
    log: {
      file,
      sha256,
      queries: queries.length,
      compared,
      from: dates[0] ?? null,
      to: dates.at(-1) ?? null,
    },
    reference: {
      made: reference.made,
      queries: reference.queries,
      compared: reference.placed.lengths.length,
    },
  };
}

const mean = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;

function statisticsOf(
  { tests, words }: Comparison,
  { placed: before, space }: DriftReference,
  after: Placed,
  level: number,
): DriftResult["statistics"] {
  const topics = [before, after].map((placed) => countsOf(placed.topics, space.topics.length));
  const outside = [mean(before.outOfScope), mean(after.outOfScope)] as const;
  const shift = (key: "lengths" | "distances") => ({
    test: "Kolmogorov-Smirnov",
    effect: {
      name: "Wasserstein distance in standard deviations",
      value: wasserstein(before[key], after[key]),
    },
    reference: quantile([...before[key]], 0.5),
    new: quantile([...after[key]], 0.5),
  });
  const none = { reference: null, new: null };
  const described: Record<
    StatisticName,
    Pick<DriftResult["statistics"][number], "test" | "effect" | "reference" | "new">
  > = {
    length: shift("lengths"),
    distance: shift("distances"),
    topics: {
      test: "chi-square",
      effect: { name: "Jensen-Shannon distance", value: jensenShannon(topics[0]!, topics[1]!) },
      ...none,
    },
    "out-of-scope": {
      test: "chi-square",
      effect: { name: "difference of shares", value: outside[1] - outside[0] },
      reference: outside[0],
      new: outside[1],
    },
    words: {
      test: "largest enrichment of a word or pair",
      effect: {
        name: "words and pairs that are more frequent",
        value: words.filter(({ p }) => p <= level).length,
      },
      ...none,
    },
    embeddings: {
      test: "maximum mean discrepancy",
      effect: { name: "maximum mean discrepancy", value: Math.sqrt(tests.embeddings.observed) },
      ...none,
    },
  };
  const adjusted = holm(STATISTICS.map((name) => tests[name].p));
  return STATISTICS.map((name, i) => ({
    name,
    ...described[name],
    statistic: tests[name].observed,
    p: tests[name].p,
    p_holm: adjusted[i]!,
    drifted: adjusted[i]! <= level,
  }));
}
