import { normalise } from "../embed/normalise.ts";
import { hash32 } from "../rng.ts";

/** The words of a text and its pairs of neighbouring words, each once: "restocking", "fee", "restocking fee". */
export function wordsOf(text: string): string[] {
  const words = normalise(text)
    .trim()
    .split(" ")
    .filter((word) => word !== "");
  const pairs = words.slice(1).map((word, i) => `${words[i]} ${word}`);
  return [...new Set([...words, ...pairs])];
}

/** Hashes of the words: they can be compared, but not read. */
export function wordHashes(text: string): Uint32Array {
  return Uint32Array.from(new Set(wordsOf(text).map((word) => hash32(word))));
}
