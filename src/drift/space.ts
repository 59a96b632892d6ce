import { quantileSorted } from "simple-statistics";
import type { TrainingRow } from "../data/row-format.ts";
import { fitNgrams, hashedNgrams, type NgramStatistics } from "../embed/hashed-ngrams.ts";
import type { PolicyRule } from "../task/policy.ts";
import { quantise, restore, searcher } from "./nearest.ts";
import { asked, masker, type PersonalPatterns, sample } from "./queries.ts";
import { wordHashes } from "./words.ts";

/** Training examples that are kept, at most; a seeded sample of more. */
const MAX_EXAMPLES = 2000;
/** A query is out of scope when it is farther from all training examples than this share of them is from the others. */
const IN_SCOPE_SHARE = 0.95;

/** The topics of a task are its policy rules. */
export interface Topic {
  readonly id: string;
  readonly text: string;
  /** Training examples on it, among those kept. */
  readonly examples: number;
}

/** Embedded training data of an adapter: the part that placing a query needs. */
export interface Space {
  readonly ngrams: NgramStatistics;
  /** Quantised embeddings: of the training examples, then of the texts of the rules. */
  readonly vectors: readonly Uint8Array[];
  /** Topic of each of them, by its place in `topics`. */
  readonly topicOf: Int32Array;
  readonly examples: number;
  readonly topics: readonly Topic[];
  /** Distance from the nearest training example beyond which a query is out of scope. */
  readonly threshold: number;
}

/** Queries as numbers, one entry a query in each list. */
export interface Placed {
  /** Characters. */
  readonly lengths: readonly number[];
  /** 1 - cosine to the nearest training example. */
  readonly distances: readonly number[];
  /** Topic of the nearest training example or rule. */
  readonly topics: readonly number[];
  readonly outOfScope: readonly boolean[];
  readonly words: readonly Uint32Array[];
  /** Quantised embeddings. */
  readonly vectors: readonly Uint8Array[];
}

/** The customer's side of a training row; the whole text where there are no turns. */
function questionOf({ content }: TrainingRow): string {
  return "text" in content ? content.text : asked(content.messages);
}

/** The rule that a row is tagged with: its field `rule`, an id or a list of ids. */
function tagOf({ raw }: TrainingRow, ids: readonly string[]): number {
  const tags = Array.isArray(raw["rule"]) ? raw["rule"] : [raw["rule"]];
  return tags.map((tag) => ids.indexOf(String(tag))).find((at) => at >= 0) ?? -1;
}

/** Embeds the training rows. A row without a rule gets the rule whose text is nearest. */
export function trainingSpace(
  rows: readonly TrainingRow[],
  policy: readonly PolicyRule[],
  personal?: PersonalPatterns,
): Space {
  const mask = masker(personal);
  const kept = sample(rows, MAX_EXAMPLES, "drift/examples");
  const texts = [...kept.map((row) => mask(questionOf(row))), ...policy.map((rule) => rule.text)];
  const ngrams = fitNgrams(texts);
  const embedder = hashedNgrams(ngrams);
  const embedded = texts.map((text) => embedder.embed(text));
  const vectors = embedded.map(quantise);
  const nearest = searcher(vectors.map(restore));
  const ids = policy.map((rule) => rule.id);
  const topicOf = Int32Array.from(texts, (_, i) => {
    if (i >= kept.length) return i - kept.length;
    const tag = tagOf(kept[i]!, ids);
    return tag >= 0 ? tag : nearest(embedded[i]!, kept.length, texts.length).at - kept.length;
  });
  const others = kept.map(
    (row, i) => 1 - nearest(embedded[i]!, 0, kept.length, (j) => kept[j]!.group === row.group).cosine,
  );
  return {
    ngrams,
    vectors,
    topicOf,
    examples: kept.length,
    topics: policy.map(({ id, text }, topic) => ({
      id,
      text,
      examples: topicOf.subarray(0, kept.length).filter((at) => at === topic).length,
    })),
    threshold: quantileSorted(
      others.sort((a, b) => a - b),
      IN_SCOPE_SHARE,
    ),
  };
}

/** Places texts in the space. */
export function placeTexts(space: Space, texts: readonly string[]): Placed {
  const embedder = hashedNgrams(space.ngrams);
  const nearest = searcher(space.vectors.map(restore));
  const vectors = texts.map((text) => embedder.embed(text));
  const near = vectors.map((vector) => ({
    example: nearest(vector, 0, space.examples),
    rule: nearest(vector, space.examples, space.topicOf.length),
  }));
  const distances = near.map(({ example }) => 1 - example.cosine);
  return {
    lengths: texts.map((text) => [...text].length),
    distances,
    topics: near.map(({ example, rule }) => {
      const best = rule.cosine > example.cosine ? rule : example;
      return space.topicOf[best.at]!;
    }),
    outOfScope: distances.map((distance) => distance > space.threshold),
    words: texts.map(wordHashes),
    vectors: vectors.map(quantise),
  };
}
