import * as z from "zod";
import { hash32 } from "../rng.ts";
import type { Embedder, TaskEmbedder, Vector } from "./embedder.ts";
import { normalise } from "./normalise.ts";

const VERSION = 1;
/** Characters of an n-gram, at least and at most; the spaces around a word belong to it. */
const [SHORTEST, LONGEST] = [3, 5];

/** Statistics of an embedder's corpus; stored beside the embeddings made with them. */
export const ngramStatisticsSchema = z.strictObject({
  /** Texts of the corpus. */
  documents: z.int().positive(),
  /** Number of texts with an n-gram in each bucket [dimensions]. */
  document_frequencies: z
    .array(z.int().nonnegative())
    .min(1)
    .max(2 ** 20),
});
export type NgramStatistics = z.output<typeof ngramStatisticsSchema>;

/**
 * Counts in how many texts each bucket occurs. 1,024 buckets name the intent of a banking77 query by its nearest neighbour
 * as often as one dimension for each n-gram does (docs/decisions/2026-11-24-embedder.md).
 */
export function fitNgrams(texts: readonly string[], buckets = 1024): NgramStatistics {
  const frequencies = new Array<number>(buckets).fill(0);
  const count = bucketCounter(buckets);
  for (const text of texts) {
    for (const bucket of count(text).keys()) frequencies[bucket]!++;
  }
  return { documents: texts.length, document_frequencies: frequencies };
}

/**
 * Character n-grams of each word, hashed into buckets and weighted by (1 + ln tf) (ln((1 + N) / (1 + df)) + 1), as
 * scikit-learn's TfidfVectorizer does with analyzer "char_wb", sublinear_tf and smooth_idf. Needs no download.
 */
export function hashedNgrams({ documents, document_frequencies: frequencies }: NgramStatistics): Embedder {
  const dimensions = frequencies.length;
  const count = bucketCounter(dimensions);
  const idf = frequencies.map((df) => Math.log((1 + documents) / (1 + df)) + 1);
  return {
    name: `hashed-ngrams-${VERSION} (characters ${SHORTEST}-${LONGEST} within words, ${dimensions} buckets, tf-idf)`,
    dimensions,
    embed(text): Vector {
      const vector = new Float32Array(dimensions);
      let squares = 0;
      for (const [bucket, times] of count(text)) {
        const weight = (1 + Math.log(times)) * idf[bucket]!;
        vector[bucket] = weight;
        squares += weight * weight;
      }
      const length = Math.sqrt(squares);
      return length === 0 ? vector : vector.map((weight) => weight / length);
    },
  };
}

/** Embedder of tasks that needs no download. */
export const ngramEmbedder: TaskEmbedder = {
  name: hashedNgrams(fitNgrams([])).name,
  async embed(texts, corpus = texts) {
    const embedder = hashedNgrams(fitNgrams(corpus));
    return texts.map((text) => embedder.embed(text));
  },
};

/** Counts how often the n-grams of each bucket occur in a text. */
function bucketCounter(buckets: number): (text: string) => Map<number, number> {
  // Words come back again and again: hashing each once is a tenth of the work.
  const known = new Map<string, readonly number[]>();
  return (text) => {
    const counts = new Map<number, number>();
    for (const word of normalise(text).trim().split(" ")) {
      let hashed = known.get(word);
      if (hashed === undefined) {
        hashed = ngrams(` ${word} `).map((ngram) => hash32(ngram) % buckets);
        known.set(word, hashed);
      }
      for (const bucket of hashed) counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    return counts;
  };
}

function ngrams(padded: string): string[] {
  const found: string[] = [];
  for (let start = 0; start < padded.length; start++) {
    for (let end = start + SHORTEST; end <= Math.min(start + LONGEST, padded.length); end++) {
      found.push(padded.slice(start, end));
    }
  }
  return found;
}
