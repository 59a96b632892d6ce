import { LorafitError } from "../errors.ts";
import { type AddedToken, addedTokenSchema, extractor } from "./added-tokens.ts";
import type { Model } from "./bpe.ts";
import { bpe } from "./bpe.ts";
import { decoderOf } from "./decoders.ts";
import { tokenText } from "./files.ts";
import { normalizerOf } from "./normalizers.ts";
import { preTokenizerOf } from "./pre-tokenizers.ts";
import { PatternError } from "./regex.ts";
import { parseTokenizerJson, type TokenizerJson } from "./tokenizer-json.ts";
import { unigram } from "./unigram.ts";
import { wordLevel, wordPiece } from "./words.ts";

/** Pipeline of tokenizer.json. It computes the same ids as Hugging Face tokenizers, without its post-processor. */
export interface Pipeline {
  /** Ids of the text; added tokens are recognised where no GUARD marks them. `continues`: of text after other text. */
  encode(text: string, options: { readonly continues: boolean }): number[];
  decode(ids: readonly number[], options: { readonly skipSpecial: boolean }): string;
  idOf(token: string): number | undefined;
  readonly addedTokens: readonly AddedToken[];
  /** One more than the largest id. */
  readonly size: number;
}

/**
 * Opens tokenizer.json. The tokens of tokenizer_config.json, `config`, are added as transformers adds them.
 * @throws data error that names the component of tokenizer.json that is not known, or is known and not computed exactly
 */
export function openPipeline(json: unknown, config: Readonly<Record<string, unknown>> = {}): Pipeline {
  const parsed = parseTokenizerJson(json);
  try {
    return assemble({ ...parsed, added_tokens: withConfigTokens(parsed, config) });
  } catch (cause) {
    if (LorafitError.is(cause)) throw cause;
    const what =
      cause instanceof PatternError
        ? `cannot run ${cause.message} as Oniguruma does`
        : (cause as Error).message;
    throw new LorafitError("data", `tokenizer.json: ${what}`, {
      hint: "take another base, or write to us with this line",
      cause,
    });
  }
}

function assemble(json: TokenizerJson): Pipeline {
  const vocab = vocabOf(json);
  checkAddedIds(json, vocab);
  const normalize = normalizerOf(json.normalizer);
  const preTokenize = preTokenizerOf(json.pre_tokenizer);
  const extract = extractor(json.added_tokens, normalize);
  const model = modelOf(json, vocab);
  const decode = decoderOf(json.decoder);
  const tokens = new Map(
    json.model.type === "Unigram"
      ? json.model.vocab.map(([token], id) => [id, token])
      : [...vocab].map(([token, id]) => [id, token]),
  );
  const special = new Set<string>();
  const ids = new Map(vocab);
  for (const { id, content, normalized, special: isSpecial } of json.added_tokens) {
    ids.set(content, id);
    tokens.set(id, normalized ? normalize({ text: content, atStart: true, continues: false }).text : content);
    if (isSpecial) special.add(content);
  }
  return {
    encode: (text, { continues }) =>
      text === ""
        ? []
        : extract({ text, atStart: !continues, continues }).flatMap((found) =>
            typeof found === "number" ? [found] : preTokenize([found]).flatMap((piece) => model(piece.text)),
          ),
    decode: (wanted, { skipSpecial }) => {
      const known = wanted
        .map((id) => tokens.get(id))
        .filter((token): token is string => token !== undefined && !(skipSpecial && special.has(token)));
      return known.length === 0 ? "" : decode(known).join("");
    },
    idOf: (token) => ids.get(token),
    addedTokens: json.added_tokens,
    size: 1 + [...tokens.keys()].reduce((most, id) => Math.max(most, id), -1),
  };
}

function vocabOf({ model }: TokenizerJson): Map<string, number> {
  if (model.type !== "Unigram") return new Map(Object.entries(model.vocab));
  return new Map(model.vocab.map(([token], id) => [token, id]));
}

/** Special tokens that tokenizer_config.json names. */
const NAMED = "bos_token eos_token unk_token sep_token pad_token cls_token mask_token".split(" ");
const FLAGS = ["lstrip", "rstrip", "single_word", "normalized", "special"] as const;

/**
 * The added tokens of tokenizer.json with those of tokenizer_config.json (transformers' tokenization_utils_tokenizers.py): entries of
 * added_tokens_decoder change the flags of known tokens and add others; a special token that is no added token becomes one.
 */
function withConfigTokens(json: TokenizerJson, config: Readonly<Record<string, unknown>>): AddedToken[] {
  const vocab = vocabOf(json);
  const tokens = new Map(json.added_tokens.map((token) => [token.content, token]));
  const add = (content: string, flags: Partial<AddedToken>): AddedToken => {
    const beyond = [...tokens.keys()].filter((known) => !vocab.has(known)).length;
    const id = tokens.get(content)?.id ?? vocab.get(content) ?? vocab.size + beyond;
    const token = addedTokenSchema.parse({ ...flags, id, content });
    tokens.set(content, token);
    return token;
  };
  const decoder = config["added_tokens_decoder"];
  const entries = typeof decoder === "object" && decoder !== null ? Object.entries(decoder) : [];
  for (const [id, entry] of entries.sort(([a], [b]) => Number(a) - Number(b))) {
    const content = tokenText(entry);
    if (content === undefined || content === "")
      throw new Error(`added_tokens_decoder: ${id} has no content`);
    const known = tokens.get(content);
    const flags = Object.fromEntries(FLAGS.map((flag) => [flag, (entry as AddedToken)[flag] === true]));
    if (known !== undefined && FLAGS.every((flag) => known[flag] === flags[flag])) continue;
    const token = add(content, flags);
    if (token.id !== Number(id)) {
      throw new Error(
        `added_tokens_decoder of tokenizer_config.json gives ${JSON.stringify(content)} the id ${id}, and transformers gives it ${token.id}`,
      );
    }
  }
  const extra = config["additional_special_tokens"] ?? config["extra_special_tokens"];
  const named = [...NAMED.map((key) => config[key]), ...(Array.isArray(extra) ? extra : [])];
  for (const content of named.map(tokenText)) {
    if (content === undefined || content === "" || tokens.has(content)) continue;
    add(content, { special: true, normalized: false });
  }
  return [...tokens.values()];
}

/** tokenizers gives an added token the id of the vocabulary, else the next free one, whatever the file says. */
function checkAddedIds({ added_tokens, model }: TokenizerJson, vocab: ReadonlyMap<string, number>): void {
  let next = model.type === "Unigram" ? model.vocab.length : vocab.size;
  for (const { id, content } of added_tokens) {
    const given = vocab.get(content) ?? next++;
    if (given !== id) {
      throw new Error(
        `added token ${JSON.stringify(content)} has id ${id}, and Hugging Face tokenizers gives it ${given}`,
      );
    }
  }
}

function modelOf({ model }: TokenizerJson, vocab: ReadonlyMap<string, number>): Model {
  switch (model.type) {
    case "BPE":
      return bpe({
        vocab,
        merges: model.merges.map((merge) => (typeof merge === "string" ? pairOf(merge) : merge)),
        unkToken: model.unk_token,
        continuingPrefix: model.continuing_subword_prefix ?? "",
        endSuffix: model.end_of_word_suffix ?? "",
        fuseUnk: model.fuse_unk,
        byteFallback: model.byte_fallback,
        ignoreMerges: model.ignore_merges,
      });
    case "WordPiece":
      return wordPiece({
        vocab,
        unkToken: model.unk_token,
        continuingPrefix: model.continuing_subword_prefix,
        maxChars: model.max_input_chars_per_word,
      });
    case "WordLevel":
      return wordLevel(vocab, model.unk_token);
    case "Unigram":
      return unigram(model.vocab, model.unk_id, model.byte_fallback);
  }
}

function pairOf(merge: string): [string, string] {
  const parts = merge.split(" ");
  if (parts.length !== 2) throw new Error(`merge ${JSON.stringify(merge)} is not two tokens`);
  return parts as [string, string];
}
