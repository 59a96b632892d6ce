import * as z from "zod";
import { byteLevel, matcherOf, patternSchema } from "./normalizers.ts";
import { type Behavior, matchChars, type Piece, split } from "./piece.ts";
import { compileLiteral, compilePattern } from "./regex.ts";
import { isNumeric, isPunctuation, isWhitespace } from "./unicode.ts";

const behaviorSchema = z.literal([
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] satisfies Behavior[]);

/** Metaspace as older and newer files write it; shared with the decoder of that name. */
export const metaspaceSchema = z
  .strictObject({
    type: z.literal("Metaspace"),
    replacement: z.string().refine((text) => [...text].length === 1, { error: "is not one character" }),
    prepend_scheme: z.literal(["always", "first", "never"]).default("always"),
    split: z.boolean().default(true),
    add_prefix_space: z.boolean().optional(),
    str_rep: z.string().optional(),
  })
  .refine(
    ({ add_prefix_space, prepend_scheme }) => add_prefix_space !== false || prepend_scheme !== "first",
    {
      error: "add_prefix_space false contradicts prepend_scheme first",
    },
  )
  .transform(({ add_prefix_space, ...rest }) => ({
    ...rest,
    prepend_scheme: add_prefix_space === false ? ("never" as const) : rest.prepend_scheme,
  }));

/** ByteLevel; shared with the decoder and the post-processor of that name. */
export const byteLevelSchema = z.strictObject({
  type: z.literal("ByteLevel"),
  add_prefix_space: z.boolean(),
  trim_offsets: z.boolean(),
  use_regex: z.boolean().default(true),
});

const simple = z.union([
  z.strictObject({ type: z.literal(["Whitespace", "WhitespaceSplit", "BertPreTokenizer"]) }),
  z.strictObject({ type: z.literal("Digits"), individual_digits: z.boolean() }),
  z.strictObject({ type: z.literal("Punctuation"), behavior: behaviorSchema.default("Isolated") }),
  z.strictObject({ type: z.literal("CharDelimiterSplit"), delimiter: z.string() }),
  z.strictObject({
    type: z.literal("Split"),
    pattern: patternSchema,
    behavior: behaviorSchema,
    invert: z.boolean(),
  }),
  byteLevelSchema,
  metaspaceSchema,
]);
type Simple = z.output<typeof simple>;
export type PreTokenizerJson = Simple | { type: "Sequence"; pretokenizers: PreTokenizerJson[] };

/** The pre-tokenizers that are known; their options are those of tokenizers' src/pre_tokenizers. */
export const preTokenizerSchema: z.ZodType<PreTokenizerJson> = z.union([
  simple,
  z.strictObject({ type: z.literal("Sequence"), pretokenizers: z.lazy(() => z.array(preTokenizerSchema)) }),
]);

export type PreTokenizer = (pieces: readonly Piece[]) => Piece[];

const whitespace = matchChars(isWhitespace);
const GPT2_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** @throws PatternError for a pattern that cannot be run as Oniguruma does */
export function preTokenizerOf(json: PreTokenizerJson | null): PreTokenizer {
  if (json === null) return (pieces) => [...pieces];
  const each =
    (work: (piece: Piece) => Piece[]): PreTokenizer =>
    (pieces) =>
      pieces.flatMap(work);
  switch (json.type) {
    case "Sequence": {
      const parts = json.pretokenizers.map(preTokenizerOf);
      return (pieces) => parts.reduce((current, next) => next(current), [...pieces]);
    }
    case "WhitespaceSplit":
      return each((piece) => split(piece, whitespace, "Removed"));
    case "Whitespace": {
      // Rust's regex crate, whose \w also has the joiners.
      const words = compilePattern(
        "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}]+|[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}\\s]+",
      );
      return each((piece) => split(piece, words, "Removed", true));
    }
    case "BertPreTokenizer": {
      const punctuation = matchChars(isPunctuation);
      return each((piece) =>
        split(piece, whitespace, "Removed").flatMap((word) => split(word, punctuation, "Isolated")),
      );
    }
    case "Digits": {
      const digits = matchChars(isNumeric);
      return each((piece) => split(piece, digits, json.individual_digits ? "Isolated" : "Contiguous"));
    }
    case "Punctuation": {
      const punctuation = matchChars(isPunctuation);
      return each((piece) => split(piece, punctuation, json.behavior));
    }
    case "CharDelimiterSplit": {
      const delimiter = compileLiteral(json.delimiter);
      return each((piece) => split(piece, delimiter, "Removed"));
    }
    case "Split": {
      const pattern = matcherOf(json.pattern);
      return each((piece) => split(piece, pattern, json.behavior, json.invert));
    }
    case "ByteLevel":
      return byteLevelOf(json);
    case "Metaspace":
      return metaspaceOf(json);
  }
}

function byteLevelOf(options: z.output<typeof byteLevelSchema>): PreTokenizer {
  const words = compilePattern(GPT2_WORDS);
  return (pieces) =>
    pieces.flatMap((piece) => {
      const spaced =
        options.add_prefix_space && !piece.continues && !piece.text.startsWith(" ")
          ? { ...piece, text: ` ${piece.text}` }
          : piece;
      const parts = options.use_regex ? split(spaced, words, "Isolated") : [spaced];
      return parts.map((part) => ({ ...part, text: byteLevel(part.text) }));
    });
}

function metaspaceOf(options: z.output<typeof metaspaceSchema>): PreTokenizer {
  const mark = options.replacement;
  const marks = compileLiteral(mark);
  return (pieces) =>
    pieces.flatMap((piece) => {
      const text = piece.text.replaceAll(" ", mark);
      const prepends =
        !text.startsWith(mark) &&
        !piece.continues &&
        (options.prepend_scheme === "always" || (options.prepend_scheme === "first" && piece.atStart));
      const marked = { ...piece, text: prepends ? mark + text : text };
      return options.split ? split(marked, marks, "MergedWithNext") : [marked];
    });
}
