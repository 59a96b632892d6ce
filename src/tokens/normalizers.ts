import * as z from "zod";
import type { Piece } from "./piece.ts";
import { charsMapOf } from "./precompiled.ts";
import { compileLiteral, compilePattern, type Matcher } from "./regex.ts";
import {
  type CharTest,
  isChinese,
  isCombiningMark,
  isNonspacingMark,
  isOther,
  isWhitespace,
  normalizeForm,
} from "./unicode.ts";

export const patternSchema = z.union([
  z.strictObject({ String: z.string() }),
  z.strictObject({ Regex: z.string() }),
]);

const simple = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal(["NFC", "NFD", "NFKC", "NFKD"]) }),
  z.strictObject({ type: z.literal(["Lowercase", "StripAccents", "Nmt", "ByteLevel"]) }),
  z.strictObject({ type: z.literal("Strip"), strip_left: z.boolean(), strip_right: z.boolean() }),
  z.strictObject({ type: z.literal("Prepend"), prepend: z.string() }),
  z.strictObject({ type: z.literal("Replace"), pattern: patternSchema, content: z.string() }),
  z.strictObject({ type: z.literal("Precompiled"), precompiled_charsmap: z.base64() }),
  z.strictObject({
    type: z.literal("BertNormalizer"),
    clean_text: z.boolean(),
    handle_chinese_chars: z.boolean(),
    strip_accents: z.boolean().nullable().default(null),
    lowercase: z.boolean(),
  }),
]);
type Simple = z.output<typeof simple>;
export type NormalizerJson = Simple | { type: "Sequence"; normalizers: NormalizerJson[] };

/** The normalizers that are known; their options are those of tokenizers' src/normalizers. */
export const normalizerSchema: z.ZodType<NormalizerJson> = z.union([
  simple,
  z.strictObject({ type: z.literal("Sequence"), normalizers: z.lazy(() => z.array(normalizerSchema)) }),
]);

export type Normalizer = (piece: Piece) => Piece;

/** @throws PatternError for a pattern that cannot be run as Oniguruma does */
export function normalizerOf(json: NormalizerJson | null): Normalizer {
  if (json === null) return (piece) => piece;
  switch (json.type) {
    case "Sequence": {
      const parts = json.normalizers.map(normalizerOf);
      return (piece) => parts.reduce((current, next) => next(current), piece);
    }
    case "Lowercase":
      return onText(lowercase);
    case "StripAccents":
      return (piece) => without(piece, isCombiningMark);
    case "Nmt":
      return (piece) => onText(nmtSpaces)(without(piece, isNmtControl));
    case "ByteLevel":
      return onText(byteLevel);
    case "Strip":
      return (piece) => strip(piece, json.strip_left, json.strip_right);
    case "Prepend":
      return (piece) =>
        piece.text === "" || piece.continues ? piece : { ...piece, text: json.prepend + piece.text };
    case "Replace":
      return replace(matcherOf(json.pattern), json.content);
    case "Precompiled":
      return onText(charsMapOf(Buffer.from(json.precompiled_charsmap, "base64")));
    case "BertNormalizer":
      return bert(json);
    default:
      return onText((text) => normalizeForm(text, json.type));
  }
}

export const matcherOf = (pattern: z.output<typeof patternSchema>): Matcher =>
  "String" in pattern ? compileLiteral(pattern.String) : compilePattern(pattern.Regex);

const onText =
  (change: (text: string) => string): Normalizer =>
  (piece) => ({ ...piece, text: change(piece.text) });

/** Leaves characters out. A piece that loses its first character no longer begins where the text does. */
function without(piece: Piece, drop: CharTest): Piece {
  const chars = [...piece.text];
  const kept = chars.filter((char) => !drop(char));
  if (kept.length === chars.length) return piece;
  return { ...piece, text: kept.join(""), atStart: piece.atStart && !drop(chars[0]!) };
}

function strip(piece: Piece, left: boolean, right: boolean): Piece {
  const chars = [...piece.text];
  const first = left ? chars.findIndex((char) => !isWhitespace(char)) : 0;
  if (first < 0) return { ...piece, text: "" };
  const last = right ? chars.findLastIndex((char) => !isWhitespace(char)) : chars.length - 1;
  return { ...piece, text: chars.slice(first, last + 1).join(""), atStart: piece.atStart && first === 0 };
}

function replace(match: Matcher, content: string): Normalizer {
  return (piece) => {
    let [text, at, atStart] = ["", 0, piece.atStart];
    for (const [start, end] of match(piece.text)) {
      text += piece.text.slice(at, start) + content;
      if (start === 0 && content === "") atStart = false;
      at = end;
    }
    return { ...piece, text: text + piece.text.slice(at), atStart };
  };
}

/** Rust's char::to_lowercase, which knows no context: a final sigma is an ordinary one. */
function lowercase(text: string): string {
  let out = "";
  for (const char of text) out += char.toLowerCase();
  return out;
}

function bert(options: Extract<Simple, { type: "BertNormalizer" }>): Normalizer {
  const stripAccents = options.strip_accents ?? options.lowercase;
  const isDirt: CharTest = (char) =>
    char === "\0" || char === "\ufffd" || (!/^[\t\n\r]$/.test(char) && isOther(char));
  const spaced = (text: string): string =>
    [...text].map((char) => (isWhitespace(char) ? " " : char)).join("");
  const padded = (text: string): string =>
    [...text].map((char) => (isChinese(char) ? ` ${char} ` : char)).join("");
  return (piece) => {
    let current = piece;
    if (options.clean_text) current = onText(spaced)(without(current, isDirt));
    if (options.handle_chinese_chars) current = onText(padded)(current);
    if (stripAccents) {
      current = without(onText((text) => normalizeForm(text, "NFD"))(current), isNonspacingMark);
    }
    return options.lowercase ? onText(lowercase)(current) : current;
  };
}

/** The code points that sentencepiece's nmt rules drop, and those that they make a space. */
const isNmtControl: CharTest = (char) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to drop.
  /^[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]$/.test(char);
const nmtSpaces = (text: string): string =>
  text.replaceAll(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g, " ");

/** The character of each byte in byte-level BPE (GPT-2, src/encoder.py). */
export const BYTE_CHARS: readonly string[] = (() => {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
})();

/** Each byte of the text's UTF-8 as a character. */
export function byteLevel(text: string): string {
  let out = "";
  for (const byte of Buffer.from(text)) out += BYTE_CHARS[byte]!;
  return out;
}
