import * as z from "zod";
import type { Normalizer } from "./normalizers.ts";
import { type Piece, part } from "./piece.ts";
import { GUARD, withoutGuards } from "./rendered.ts";
import { Trie } from "./trie.ts";
import { isWhitespace } from "./unicode.ts";

export const addedTokenSchema = z.looseObject({
  id: z.int().min(0),
  content: z.string().min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(true),
  special: z.boolean().default(false),
});
export type AddedToken = z.output<typeof addedTokenSchema>;

/** A piece of text still to be encoded, or the id of an added token. */
export type Extracted = Piece | number;

/**
 * Splits a text at its added tokens and normalizes the rest (tokenizers, src/tokenizer/added_vocabulary.rs): tokens with
 * `normalized: false` are searched in the original text, the others, normalized themselves, in the normalized pieces.
 */
export function extractor(
  tokens: readonly AddedToken[],
  normalize: Normalizer,
): (piece: Piece) => Extracted[] {
  const [early, late] = [new Trie<AddedToken>(), new Trie<AddedToken>()];
  let guardsLate = false;
  for (const token of tokens) {
    if (!token.normalized) early.set(token.content, token);
    else {
      const normalized = normalize({ text: token.content, atStart: true, continues: false }).text;
      if (normalized !== "") late.set(normalized, token);
      guardsLate = true;
    }
  }
  return (piece) =>
    splitAt(early, piece).flatMap((found): Extracted[] => {
      if (typeof found === "number") return [found];
      if (guardsLate && found.text.includes(GUARD)) {
        return splitAt(late, normalize(found)).map((rest) =>
          typeof rest === "number" ? rest : { ...rest, text: withoutGuards(rest.text) },
        );
      }
      return splitAt(late, normalize({ ...found, text: withoutGuards(found.text) }));
    });
}

const WORD = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;

/**
 * The leftmost longest tokens of the trie, and what is between them. As in tokenizers, spaces that `rstrip` takes are looked
 * at again for the next token.
 */
function splitAt(trie: Trie<AddedToken>, piece: Piece): Extracted[] {
  const { text } = piece;
  const out: Extracted[] = [];
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const [end, token] = longest(trie, text, at);
    if (token === undefined) {
      at++;
      continue;
    }
    const before = text.slice(0, at);
    if (!before.endsWith(GUARD) && !(token.single_word && touchesWord(before, text.slice(end)))) {
      const start = token.lstrip ? Math.max(at - trailingSpaces(before), done) : at;
      if (start > done) out.push(part(piece, done, start));
      out.push(token.id);
      done = token.rstrip ? end + leadingSpaces(text.slice(end)) : end;
    }
    at = end;
  }
  if (done < text.length) out.push(part(piece, done, text.length));
  return out;
}

function longest(trie: Trie<AddedToken>, text: string, at: number): [number, AddedToken | undefined] {
  let found: [number, AddedToken | undefined] = [at, undefined];
  for (const match of trie.prefixes(text, at)) found = match;
  return found;
}

const touchesWord = (before: string, after: string): boolean =>
  WORD.test(/.$/su.exec(before)?.[0] ?? "") || WORD.test(/^./su.exec(after)?.[0] ?? "");

const leadingSpaces = (text: string): number => /^\p{White_Space}*/u.exec(text)![0].length;

function trailingSpaces(text: string): number {
  let count = 0;
  while (count < text.length && isWhitespace(text[text.length - 1 - count]!)) count++;
  return count;
}
