import { LorafitError } from "../../errors.ts";
import type { GgufEntry } from "../../formats/gguf-writer.ts";
import type { ModelConfig } from "../../model/config.ts";
import { CONTROL, PRE_TOKENIZERS, USER_DEFINED } from "../../model/gguf-tokenizer.ts";
import { type TokenizerFiles, templateText } from "../../tokens/files.ts";
import { loadTokenizer } from "../../tokens/tokenizer.ts";

const [NORMAL, UNUSED] = [1, 5];

/** The part of tokenizer.json that a GGUF's metadata keep. */
interface Bpe {
  readonly added_tokens?: readonly { id: number; content: string; special?: boolean }[];
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
  };
}

/** Texts that pre-tokenizers split in different ways. */
const PROBE = [
  "Hello, world! It's 2026-11-30; we'll pay $12,345.67 (or 50%).\n\n\tYes\r\n  no  ",
  "1234567 12 3 a1b2 ABC123 ½ ٣٤٥ _snake_case HTMLParser don't DON'T I'M",
  "Zürich naïve café 日本語のテスト 한국어 русский язык 👩‍👩‍👧 e\u0301 \u00a0x",
  "    four spaces, a\ttab,\n\n\nthree lines … “quotes” –dash— //comment #!$%&",
];

/**
 * `tokenizer.*` metadata of a byte-level BPE tokenizer. The pre-tokenizer's name is the one with which a file gives the same ids on texts
 * that tell the known ones apart.
 * @throws data error for another kind of tokenizer
 */
export async function ggufVocabulary(
  files: TokenizerFiles,
  config: ModelConfig,
): Promise<Readonly<Record<string, GgufEntry>>> {
  const json = files.tokenizerJson as Bpe;
  const refuse = (what: string): LorafitError =>
    new LorafitError("data", `--format gguf: ${what}`, {
      hint: "use --format merged, and convert it with llama.cpp's convert_hf_to_gguf.py",
    });
  if (json.model.type !== "BPE" || json.model.byte_fallback === true)
    throw refuse("only byte-level BPE tokenizers can be written");
  const own = await loadTokenizer(files);
  const pre = await preTokenizerOf(files, (text) => own.encode(text));
  if (pre === undefined) {
    const known = Object.keys(PRE_TOKENIZERS).join(", ");
    throw refuse(`the tokenizer splits texts as none of ${known} does`);
  }
  const added = new Map((json.added_tokens ?? []).map((token) => [token.id, token]));
  const tokens = Array.from({ length: config.vocabSize }, (_, id) => `[PAD${id}]`);
  const types = tokens.map(() => UNUSED);
  for (const [token, id] of Object.entries(json.model.vocab)) [tokens[id], types[id]] = [token, NORMAL];
  for (const [id, { content, special }] of added)
    [tokens[id], types[id]] = [content, special === false ? USER_DEFINED : CONTROL];
  // Some servers stop at eos alone, so it is the token that ends a turn; the others are eot and eom.
  const end = own.endOfTurnIds.at(-1);
  const eos = end !== undefined && own.eosIds.includes(end) ? end : own.eosIds[0];
  const others = own.eosIds.filter((id) => id !== eos);
  const template = templateText(files);
  const id = (key: string, value: number | null | undefined): Record<string, GgufEntry> =>
    value === null || value === undefined ? {} : { [`tokenizer.ggml.${key}_token_id`]: ["u32", value] };
  return {
    "tokenizer.ggml.model": ["string", "gpt2"],
    "tokenizer.ggml.pre": ["string", pre],
    "tokenizer.ggml.tokens": ["strings", tokens],
    "tokenizer.ggml.token_type": ["i32s", types],
    "tokenizer.ggml.merges": [
      "strings",
      json.model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" "))),
    ],
    ...id("bos", own.bosId),
    ...id("eos", eos),
    ...id("eot", others[0]),
    ...id("eom", others[1]),
    ...id("padding", own.padId),
    "tokenizer.ggml.add_bos_token": ["bool", own.bosId !== null && own.encodeWhole("a")[0] === own.bosId],
    ...(template === undefined ? {} : { "tokenizer.chat_template": ["string", template] as const }),
  };
}

/** Name of the first known pre-tokenizer that gives the tokenizer's own ids. */
async function preTokenizerOf(
  files: TokenizerFiles,
  encode: (text: string) => readonly number[],
): Promise<string | undefined> {
  const expected = PROBE.map((text) => String(encode(text)));
  for (const [name, { pre_tokenizer, normalizer = null, ignoreMerges = false }] of Object.entries(
    PRE_TOKENIZERS,
  )) {
    const json = files.tokenizerJson as Bpe;
    const model = { ...json.model, ignore_merges: ignoreMerges };
    const other = await loadTokenizer({
      ...files,
      tokenizerJson: { ...json, pre_tokenizer, normalizer, model },
    });
    if (PROBE.every((text, i) => String(other.encode(text)) === expected[i])) return name;
  }
  return undefined;
}
