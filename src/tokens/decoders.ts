import * as z from "zod";
import { BYTE_CHARS, matcherOf, patternSchema } from "./normalizers.ts";
import { byteLevelSchema, metaspaceSchema } from "./pre-tokenizers.ts";

const simple = z.union([
  byteLevelSchema,
  metaspaceSchema,
  z.strictObject({ type: z.literal(["ByteFallback", "Fuse"]) }),
  z.strictObject({ type: z.literal("BPEDecoder"), suffix: z.string() }),
  z.strictObject({ type: z.literal("WordPiece"), prefix: z.string(), cleanup: z.boolean() }),
  z.strictObject({ type: z.literal("Replace"), pattern: patternSchema, content: z.string() }),
  z.strictObject({
    type: z.literal("Strip"),
    content: z.string(),
    start: z.int().min(0),
    stop: z.int().min(0),
  }),
]);
export type DecoderJson = z.output<typeof simple> | { type: "Sequence"; decoders: DecoderJson[] };

/** The decoders that are known; their options are those of tokenizers' src/decoders. */
export const decoderSchema: z.ZodType<DecoderJson> = z.union([
  simple,
  z.strictObject({ type: z.literal("Sequence"), decoders: z.lazy(() => z.array(decoderSchema)) }),
]);

/** Changes a list of tokens; the text is what they give when joined. */
export type Decoder = (tokens: readonly string[]) => string[];

export function decoderOf(json: DecoderJson | null): Decoder {
  if (json === null) return (tokens) => [tokens.join(" ")];
  switch (json.type) {
    case "Sequence": {
      const parts = json.decoders.map(decoderOf);
      return (tokens) => parts.reduce((current, next) => next(current), [...tokens]);
    }
    case "ByteLevel":
      return (tokens) => [decodeByteLevel(tokens)];
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "ByteFallback":
      return byteFallback;
    case "BPEDecoder":
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(json.suffix, i === tokens.length - 1 ? "" : " "));
    case "Metaspace":
      return (tokens) =>
        tokens.map((token, i) =>
          token.replaceAll(json.replacement, i === 0 && json.prepend_scheme !== "never" ? "" : " "),
        );
    case "WordPiece":
      return (tokens) =>
        tokens.map((token, i) => {
          const continues = token.startsWith(json.prefix);
          const text = i === 0 ? token : continues ? token.slice(json.prefix.length) : ` ${token}`;
          return json.cleanup ? cleanUp(text).replaceAll(" do not", " don't") : text;
        });
    case "Replace": {
      const match = matcherOf(json.pattern);
      return (tokens) =>
        tokens.map((token) => {
          let [text, at] = ["", 0];
          for (const [start, end] of match(token)) {
            text += token.slice(at, start) + json.content;
            at = end;
          }
          return text + token.slice(at);
        });
    }
    case "Strip":
      return (tokens) => tokens.map((token) => stripped(token, json));
  }
}

const CHAR_BYTES: ReadonlyMap<string, number> = new Map(BYTE_CHARS.map((char, byte) => [char, byte]));

/** A token with a character of no byte is its own UTF-8. */
function decodeByteLevel(tokens: readonly string[]): string {
  const bytes = tokens.flatMap((token) => {
    const own = [...token].map((char) => CHAR_BYTES.get(char));
    return own.every((byte) => byte !== undefined) ? own : [...Buffer.from(token)];
  });
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** Runs of `<0x..>` as the text that their bytes are; U+FFFD for each byte where they are none. */
function byteFallback(tokens: readonly string[]): string[] {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      out.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      out.push(...bytes.map(() => "\ufffd"));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const [, hex] = /^<0x([0-9a-fA-F]{2})>$/.exec(token) ?? [];
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
}

function stripped(
  token: string,
  { content, start, stop }: { content: string; start: number; stop: number },
): string {
  const chars = [...token];
  let from = 0;
  while (from < start && chars[from] === content) from++;
  let to = chars.length;
  while (chars.length - to < stop && to > from && chars[to - 1] === content) to--;
  return chars.slice(from, to).join("");
}

/** Spaces before punctuation that a tokenizer without offsets leaves: `clean_up_tokenization_spaces` of transformers. */
export function cleanUp(text: string): string {
  return text
    .replaceAll(" .", ".")
    .replaceAll(" ?", "?")
    .replaceAll(" !", "!")
    .replaceAll(" ,", ",")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}
