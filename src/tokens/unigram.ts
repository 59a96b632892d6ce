import { byteTokens, type Model } from "./bpe.ts";
import { Trie } from "./trie.ts";

/** Below the lowest score by this much: an unknown character (sentencepiece, unigram_model.cc). */
const UNKNOWN_PENALTY = 10;

/**
 * Unigram (Kudo 2018) as tokenizers' src/models/unigram does it: the path of the highest sum of scores, equal ones by the
 * earlier start; neighbouring unknown characters are one token.
 */
export function unigram(
  pieces: readonly (readonly [string, number])[],
  unk: number | null,
  byteFallback: boolean,
): Model {
  const vocab = new Map(pieces.map(([token], id) => [token, id]));
  const trie = new Trie<number>();
  let lowest = Number.POSITIVE_INFINITY;
  for (const [token, score] of pieces) {
    if (token !== "") trie.set(token, vocab.get(token)!);
    lowest = Math.min(lowest, score);
  }
  const unknownScore = lowest - UNKNOWN_PENALTY;
  const unknownId = (): number => {
    if (unk === null) throw new Error("the text has an unknown character and the model no unk_id");
    return unk;
  };
  return (text) => {
    const best = new Float64Array(text.length + 1);
    const from = new Int32Array(text.length + 1).fill(-1);
    const ids = new Int32Array(text.length + 1);
    const offer = (start: number, end: number, id: number, score: number): void => {
      if (from[end]! >= 0 && score <= best[end]!) return;
      best[end] = score;
      from[end] = start;
      ids[end] = id;
    };
    for (let start = 0; start < text.length; ) {
      const width = text.codePointAt(start)! > 0xffff ? 2 : 1;
      let single = false;
      for (const [end, id] of trie.prefixes(text, start)) {
        offer(start, end, id, pieces[id]![1] + best[start]!);
        single ||= end === start + width;
      }
      if (!single) offer(start, start + width, unknownId(), unknownScore + best[start]!);
      start += width;
    }
    const parts: string[] = [];
    let fused = "";
    for (let end = text.length; end > 0; end = from[end]!) {
      const part = text.slice(from[end]!, end);
      if (ids[end] === unk) fused = part + fused;
      else {
        if (fused !== "") parts.push(fused);
        fused = "";
        parts.push(part);
      }
    }
    if (fused !== "") parts.push(fused);
    return parts
      .reverse()
      .flatMap(
        (part) => vocab.get(part) ?? (byteFallback ? byteTokens(part, vocab) : undefined) ?? unknownId(),
      );
  };
}
