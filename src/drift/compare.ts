import type { Rng } from "../rng.ts";
import { restoreSparse } from "./nearest.ts";
import { type GroupStatistic, type PermutationTest, permutationTests, pValue } from "./permutations.ts";
import type { Placed } from "./space.ts";
import { ascending, chiSquare, enrichment, kolmogorovSmirnov } from "./statistics.ts";

/** Words and pairs in fewer texts than this are not compared. */
const MIN_TEXTS = 5;

export const STATISTICS = ["length", "distance", "topics", "out-of-scope", "words", "embeddings"] as const;
export type StatisticName = (typeof STATISTICS)[number];

/** A word or pair of words, by its hash, that the new queries have more often. */
export interface Enriched {
  readonly hash: number;
  /** Texts that have it. */
  readonly reference: number;
  readonly fresh: number;
  /** Standard deviations above the expected count. */
  readonly z: number;
  /** Adjusted over all words (Westfall and Young's maxT). */
  readonly p: number;
}

export interface Comparison {
  readonly tests: Readonly<Record<StatisticName, PermutationTest>>;
  /** The most enriched words first. */
  readonly words: readonly Enriched[];
}

/** Tests whether new queries are like those of the reference, both placed in the same space. */
export function comparePlaced(reference: Placed, fresh: Placed, draws: number, rng: Rng): Comparison {
  const size = fresh.lengths.length;
  const all = reference.lengths.length + size;
  const features = sharedWords([...reference.words, ...fresh.words]);
  const enrichmentOf = (feature: number, count: number): number =>
    enrichment(count, features.totals[feature]!, size, all);
  const statistics: Record<StatisticName, GroupStatistic> = {
    length: ksStatistic([...reference.lengths, ...fresh.lengths], size),
    distance: ksStatistic([...reference.distances, ...fresh.distances], size),
    topics: chiSquareStatistic([...reference.topics, ...fresh.topics]),
    "out-of-scope": chiSquareStatistic([...reference.outOfScope, ...fresh.outOfScope].map(Number)),
    words: wordStatistic(features, size, all),
    embeddings: mmdStatistic([...reference.vectors, ...fresh.vectors]),
  };
  const results = permutationTests(
    STATISTICS.map((name) => statistics[name]),
    all,
    size,
    draws,
    rng,
  );
  const tests = Object.fromEntries(STATISTICS.map((name, i) => [name, results[i]!])) as Comparison["tests"];
  const fromFresh = features.counts(Array.from({ length: size }, (_, i) => all - size + i));
  const words = features.hashes
    .map((hash, feature) => {
      const [total, count] = [features.totals[feature]!, fromFresh[feature]!];
      const z = enrichmentOf(feature, count);
      return { hash, reference: total - count, fresh: count, z, p: pValue(tests.words.permuted, z) };
    })
    .sort((a, b) => b.z - a.z || a.hash - b.hash);
  return { tests, words };
}

function ksStatistic(values: readonly number[], size: number): GroupStatistic {
  const order = ascending(values);
  return (_, inGroup) => kolmogorovSmirnov(values, order, inGroup, size);
}

function chiSquareStatistic(categories: readonly number[]): GroupStatistic {
  const totals = countsOf(categories);
  const counts = new Float64Array(totals.length);
  return (members) => {
    counts.fill(0);
    for (const member of members) counts[categories[member]!]!++;
    return chiSquare(counts, totals);
  };
}

/** Counts of 0, 1, … */
export function countsOf(categories: readonly number[], kinds = Math.max(...categories) + 1): number[] {
  const counts = new Array<number>(kinds).fill(0);
  for (const category of categories) counts[category]!++;
  return counts;
}

/** Squared maximum mean discrepancy with the kernel x . y: the squared distance of the two mean vectors. */
function mmdStatistic(vectors: readonly Uint8Array[]): GroupStatistic {
  const [all, dimensions] = [vectors.length, vectors[0]!.length];
  const rows = vectors.map(restoreSparse);
  const sumOf = (members: ArrayLike<number>, sum: Float64Array): Float64Array => {
    sum.fill(0);
    for (let i = 0; i < members.length; i++) {
      const { columns, values } = rows[members[i]!]!;
      for (let k = 0; k < columns.length; k++) sum[columns[k]!]! += values[k]!;
    }
    return sum;
  };
  const total = sumOf([...rows.keys()], new Float64Array(dimensions));
  const group = new Float64Array(dimensions);
  return (members) => {
    sumOf(members, group);
    let squared = 0;
    for (let j = 0; j < dimensions; j++)
      squared += (group[j]! / members.length - (total[j]! - group[j]!) / (all - members.length)) ** 2;
    return squared;
  };
}

interface SharedWords {
  readonly hashes: readonly number[];
  /** Texts that have each. */
  readonly totals: readonly number[];
  /** Number of the texts at these indices that have each; the list is reused by the next call. */
  counts(members: ArrayLike<number>): Int32Array;
}

/** The words that enough of the texts have. */
function sharedWords(texts: readonly Uint32Array[]): SharedWords {
  const frequency = new Map<number, number>();
  for (const words of texts) for (const hash of words) frequency.set(hash, (frequency.get(hash) ?? 0) + 1);
  const hashes = [...frequency.keys()].filter((hash) => frequency.get(hash)! >= MIN_TEXTS);
  const place = new Map(hashes.map((hash, feature) => [hash, feature]));
  const rows = texts.map((words) => Int32Array.from([...words].flatMap((hash) => place.get(hash) ?? [])));
  const counts = new Int32Array(hashes.length);
  return {
    hashes,
    totals: hashes.map((hash) => frequency.get(hash)!),
    counts(members) {
      counts.fill(0);
      for (let i = 0; i < members.length; i++) {
        for (const feature of rows[members[i]!]!) counts[feature]!++;
      }
      return counts;
    },
  };
}

/** The largest enrichment of any word. */
function wordStatistic({ totals, counts }: SharedWords, size: number, all: number): GroupStatistic {
  const means = totals.map((total) => (total * size) / all);
  const scales = totals.map((total) => enrichment(total, total, size, all) / (total * (1 - size / all)));
  return (members) => {
    const found = counts(members);
    let largest = 0;
    for (let feature = 0; feature < found.length; feature++) {
      const z = (found[feature]! - means[feature]!) * scales[feature]!;
      if (z > largest) largest = z;
    }
    return largest;
  };
}
