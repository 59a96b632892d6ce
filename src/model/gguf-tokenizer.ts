import { LorafitError } from "../errors.ts";
import type { GgufFile } from "../formats/gguf.ts";
import type { GgufValue } from "../formats/gguf-cursor.ts";
import type { TokenizerFiles } from "../tokens/files.ts";

export const CONTROL = 3;
export const USER_DEFINED = 4;

const byteLevel = (useRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const split = (pattern: string) => ({
  type: "Split",
  pattern: { Regex: pattern },
  behavior: "Isolated",
  invert: false,
});
const sequence = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });

/** Split pattern of Llama 3 and Qwen 2, which differ in how many digits form a group. */
const words = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** What distinguishes a tokenizer.json from others: its vocabulary, and the parts around it. */
interface Vocabulary {
  /** By id, as tokenizer.json spells them. */
  readonly tokens: readonly string[];
  readonly merges: readonly (string | readonly [string, string])[];
  readonly normalizer: object | null;
  readonly pre_tokenizer: object;
  readonly post_processor: object | null;
  readonly decoder: object;
  /** Properties of the BPE model that are not their defaults. */
  readonly model: object;
}

interface PreTokenizer {
  readonly pre_tokenizer: object;
  readonly normalizer?: object;
  /** True: a word that is a token is not merged from its parts. */
  readonly ignoreMerges?: boolean;
}

/** Parts of tokenizer.json by `tokenizer.ggml.pre`, as the models with that name have them. */
export const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  smollm: { pre_tokenizer: sequence({ type: "Digits", individual_digits: true }, byteLevel(true)) },
  "gpt-2": { pre_tokenizer: byteLevel(true) },
  "llama-bpe": { pre_tokenizer: sequence(split(words("\\p{N}{1,3}")), byteLevel(false)), ignoreMerges: true },
  qwen2: { pre_tokenizer: sequence(split(words("\\p{N}")), byteLevel(false)), normalizer: { type: "NFC" } },
};

/** Byte-level BPE, `tokenizer.ggml.model` gpt2. */
function byteLevelVocabulary({ path, metadata }: GgufFile): Vocabulary {
  const pre = metadata.get("tokenizer.ggml.pre");
  const parts =
    typeof pre === "string" && Object.hasOwn(PRE_TOKENIZERS, pre) ? PRE_TOKENIZERS[pre]! : undefined;
  if (parts === undefined) {
    const known = Object.keys(PRE_TOKENIZERS).join(", ");
    throw new LorafitError(
      "data",
      `${path}: tokenizer.ggml.pre ${JSON.stringify(pre)} is not supported; supported: ${known}`,
      { hint: "take the model's Hugging Face folder instead" },
    );
  }
  return {
    tokens: strings(path, metadata, "tokens"),
    merges: strings(path, metadata, "merges"),
    normalizer: parts.normalizer ?? null,
    pre_tokenizer: parts.pre_tokenizer,
    post_processor: byteLevel(true),
    decoder: byteLevel(true),
    model: { ignore_merges: parts.ignoreMerges ?? false },
  };
}

/** SentencePiece's sign for a space. */
const SPACE = "\u2581";

/**
 * Gemma's BPE with SentencePiece's spaces, `tokenizer.ggml.model` llama. The file holds no merges: as in transformers
 * (integrations/gguf/gguf_tokenizer_mapping.py), they are the splits of each token into two, in the order of ids and, of one
 * token, longest left part first. The converter spells tokens of several spaces with real spaces.
 */
function gemmaVocabulary({ path, metadata }: GgufFile): Vocabulary {
  const tokens = strings(path, metadata, "tokens").map((token) =>
    /^ +$/.test(token) ? SPACE.repeat(token.length) : token,
  );
  const known = new Set(tokens);
  const merges: [string, string][] = [];
  for (const token of tokens) {
    for (let at = token.length - 1; at > 0; at--) {
      // Not between the halves of a surrogate pair.
      if ((token.charCodeAt(at) & 0xfc00) === 0xdc00) continue;
      const [left, right] = [token.slice(0, at), token.slice(at)];
      if (known.has(left) && known.has(right)) merges.push([left, right]);
    }
  }
  return {
    tokens,
    merges,
    normalizer: { type: "Replace", pattern: { String: " " }, content: SPACE },
    pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
    post_processor: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
      ],
    },
    model: {
      unk_token: tokens[Number(metadata.get("tokenizer.ggml.unknown_token_id"))] ?? null,
      fuse_unk: true,
      byte_fallback: true,
    },
  };
}

/** @throws data error for a tokenizer that is not known */
function vocabularyOf(file: GgufFile): Vocabulary {
  const model = file.metadata.get("tokenizer.ggml.model");
  if (model === "gpt2") return byteLevelVocabulary(file);
  if (model === "llama" && file.metadata.get("general.architecture") === "gemma3")
    return gemmaVocabulary(file);
  throw new LorafitError(
    "data",
    `${file.path}: tokenizer.ggml.model ${JSON.stringify(model)} is not supported; supported: gpt2 (byte-level BPE), and llama for gemma3`,
    { hint: "take the model's Hugging Face folder instead" },
  );
}

/**
 * Rebuilds tokenizer.json and tokenizer_config.json from a GGUF's metadata.
 * @throws data error for any tokenizer but byte-level BPE with a known pre-tokenizer and Gemma's, and for damaged lists
 */
export function ggufTokenizer(file: GgufFile): TokenizerFiles {
  const { path, metadata } = file;
  const { tokens, merges, model, ...parts } = vocabularyOf(file);
  const types = list(path, metadata, "token_type", (v): v is number => typeof v === "number");
  if (types.length !== tokens.length) {
    throw new LorafitError(
      "data",
      `${path}: tokenizer.ggml has ${tokens.length} tokens and ${types.length} token types`,
    );
  }
  const added = tokens.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED ? [{ id, content }] : [],
  );
  const text = (key: string): string | undefined =>
    tokens[Number(metadata.get(`tokenizer.ggml.${key}_token_id`))];
  const ids = (...keys: string[]): number[] =>
    keys
      .map((key) => Number(metadata.get(`tokenizer.ggml.${key}_token_id`)))
      .filter((id) => tokens[id] !== undefined);
  const addBos = metadata.get("tokenizer.ggml.add_bos_token") === true && text("bos") !== undefined;
  return {
    tokenizerJson: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added.map(({ id, content }) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: types[id] === CONTROL,
      })),
      ...parts,
      ...(addBos ? { post_processor: bosProcessor(text("bos")!, ids("bos")[0]!) } : {}),
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        ...model,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    tokenizerConfig: {
      tokenizer_class: "PreTrainedTokenizerFast",
      add_bos_token: addBos,
      clean_up_tokenization_spaces: false,
      model_max_length: Number(
        metadata.get(`${String(metadata.get("general.architecture"))}.context_length`),
      ),
      ...(text("bos") === undefined ? {} : { bos_token: text("bos") }),
      ...(text("eos") === undefined ? {} : { eos_token: text("eos") }),
      ...(text("padding") === undefined ? {} : { pad_token: text("padding") }),
      ...(text("unknown") === undefined ? {} : { unk_token: text("unknown") }),
      ...templateOf(metadata.get("tokenizer.chat_template")),
    },
    generationConfig: { eos_token_id: [...new Set(ids("eos", "eot", "eom"))] },
  };
}

const strings = (path: string, metadata: ReadonlyMap<string, GgufValue>, key: string): string[] =>
  list(path, metadata, key, (v): v is string => typeof v === "string");

const templateOf = (template: GgufValue | undefined): object =>
  typeof template === "string" ? { chat_template: template } : {};

const bosProcessor = (bos: string, id: number): object => ({
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [
    { SpecialToken: { id: bos, type_id: 0 } },
    { Sequence: { id: "A", type_id: 0 } },
    { Sequence: { id: "B", type_id: 1 } },
  ],
  special_tokens: { [bos]: { id: bos, ids: [id], tokens: [bos] } },
});

function list<T extends GgufValue>(
  path: string,
  metadata: ReadonlyMap<string, GgufValue>,
  key: string,
  is: (value: GgufValue) => value is T,
): T[] {
  const value = metadata.get(`tokenizer.ggml.${key}`);
  if (Array.isArray(value) && value.every(is)) return value;
  throw new LorafitError("data", `${path}: tokenizer.ggml.${key} is missing or damaged`);
}
