import { hash32 } from "../rng.ts";
import { type Comparison, countsOf } from "./compare.ts";
import type { Query } from "./queries.ts";
import type { DriftReference } from "./reference.ts";
import type { DriftResult } from "./result.ts";
import type { Placed } from "./space.ts";
import { wordsOf } from "./words.ts";

/** New words and examples that are listed, at most. */
const MAX_WORDS = 20;
const MAX_EXAMPLES = 10;

/** Shares of queries nearest to each rule, in the reference and now. */
export function topicsOf({ placed, space }: DriftReference, after: Placed): DriftResult["topics"] {
  const shares = [placed, after].map(({ topics }) =>
    countsOf(topics, space.topics.length).map((count) => count / topics.length),
  );
  return space.topics.map(({ id, text, examples }, topic) => ({
    rule: id,
    text,
    training_examples: examples,
    reference: shares[0]![topic]!,
    new: shares[1]![topic]!,
  }));
}

/** Words by name: their hashes are looked up among the words of the new queries. */
export function newWordsOf(
  { words }: Comparison,
  queries: readonly Query[],
  level: number,
): DriftResult["new_words"] {
  const names = new Map(queries.flatMap(({ text }) => wordsOf(text)).map((word) => [hash32(word), word]));
  const found = words
    .filter(({ p }) => p <= level)
    .map(({ hash, reference, fresh, p }) => ({ words: names.get(hash)!, reference, new: fresh, p }));
  // "restocking" says no more than "restocking fee" where nearly every query with the one has the other.
  const within = (word: string, count: number): boolean =>
    found.some(
      (pair) => pair.words.split(" ").includes(word) && pair.words !== word && pair.new >= 0.8 * count,
    );
  return found.filter((entry) => !within(entry.words, entry.new)).slice(0, MAX_WORDS);
}

/** A query for each new word, then those farthest from all training. */
export function examplesOf(
  queries: readonly Query[],
  placed: Placed,
  newWords: DriftResult["new_words"],
): DriftResult["examples"] {
  const shown = new Map<string, DriftResult["examples"][number]>();
  const show = ({ line, text }: Query, shows: string): void => {
    if (shown.size < MAX_EXAMPLES && !shown.has(text)) shown.set(text, { line, text, shows });
  };
  for (const { words } of newWords) {
    const query = queries.find(({ text }) => !shown.has(text) && wordsOf(text).includes(words));
    if (query !== undefined) show(query, words);
  }
  const farthest = [...queries.keys()]
    .filter((i) => placed.outOfScope[i])
    .sort((a, b) => placed.distances[b]! - placed.distances[a]!);
  for (const i of farthest) show(queries[i]!, "far from all training examples");
  return [...shown.values()];
}
