import type { Matcher } from "./regex.ts";
import type { CharTest } from "./unicode.ts";

/** A part of the text on its way through normalizer and pre-tokenizer. */
export interface Piece {
  readonly text: string;
  /** True if its first character is the first of the whole text: what `prepend_scheme: first` asks for. */
  readonly atStart: boolean;
  /** True if it continues a text that was encoded before, so that no component may put a space in front of it. */
  readonly continues: boolean;
}

export type Behavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** A span of a text, matched by a pattern or between two matches. */
interface Span {
  start: number;
  end: number;
  readonly matched: boolean;
}

export function matchChars(test: CharTest): Matcher {
  return (text) => {
    const found: [number, number][] = [];
    let at = 0;
    for (const char of text) {
      if (test(char)) found.push([at, at + char.length]);
      at += char.length;
    }
    return found;
  };
}

/** `NormalizedString::split` (tokenizers, src/tokenizer/normalizer.rs); empty pieces are dropped. */
export function split(piece: Piece, match: Matcher, behavior: Behavior, invert = false): Piece[] {
  const { text } = piece;
  const spans: Span[] = [];
  let at = 0;
  for (const [start, end] of match(text)) {
    if (start > at) spans.push({ start: at, end: start, matched: invert });
    spans.push({ start, end, matched: !invert });
    at = end;
  }
  if (at < text.length) spans.push({ start: at, end: text.length, matched: invert });
  return merged(spans, behavior)
    .filter(({ start, end }) => end > start)
    .map(({ start, end }) => part(piece, start, end));
}

function merged(spans: readonly Span[], behavior: Behavior): Span[] {
  if (behavior === "Isolated") return [...spans];
  if (behavior === "Removed") return spans.filter(({ matched }) => !matched);
  const out: Span[] = [];
  let previous = false;
  for (const span of behavior === "MergedWithNext" ? spans.toReversed() : spans) {
    const joins = behavior === "Contiguous" ? span.matched === previous : span.matched && !previous;
    const last = out.at(-1);
    if (joins && last !== undefined) {
      last.start = Math.min(last.start, span.start);
      last.end = Math.max(last.end, span.end);
    } else out.push({ ...span });
    previous = span.matched;
  }
  return behavior === "MergedWithNext" ? out.reverse() : out;
}

/** Characters [start, end) of a piece. */
export function part(piece: Piece, start: number, end: number): Piece {
  return {
    text: piece.text.slice(start, end),
    atStart: piece.atStart && start === 0,
    continues: piece.continues && start === 0,
  };
}
