import type { Model } from "./bpe.ts";

export interface WordPieceOptions {
  readonly vocab: ReadonlyMap<string, number>;
  readonly unkToken: string;
  readonly continuingPrefix: string;
  readonly maxChars: number;
}

/** WordPiece (tokenizers, src/models/wordpiece): the longest token first, and the whole word unknown when a rest is. */
export function wordPiece({ vocab, unkToken, continuingPrefix, maxChars }: WordPieceOptions): Model {
  const unk = unknown(vocab, unkToken);
  return (text) => {
    const chars = [...text];
    if (chars.length > maxChars) return [unk];
    const ids: number[] = [];
    for (let start = 0; start < chars.length; ) {
      let end = chars.length;
      let id: number | undefined;
      for (; end > start && id === undefined; end--) {
        id = vocab.get((start > 0 ? continuingPrefix : "") + chars.slice(start, end).join(""));
      }
      if (id === undefined) return [unk];
      ids.push(id);
      start = end + 1;
    }
    return ids;
  };
}

/** WordLevel: each piece is a token or unknown. */
export function wordLevel(vocab: ReadonlyMap<string, number>, unkToken: string): Model {
  const unk = unknown(vocab, unkToken);
  return (text) => [vocab.get(text) ?? unk];
}

function unknown(vocab: ReadonlyMap<string, number>, unkToken: string): number {
  const id = vocab.get(unkToken);
  if (id === undefined) throw new Error(`unk_token "${unkToken}" is not in the vocabulary`);
  return id;
}
