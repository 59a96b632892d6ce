import { LorafitError } from "../errors.ts";
import type { GgufFile } from "../formats/gguf.ts";
import type { GgufValue } from "../formats/gguf-cursor.ts";
import type { TokenizerFiles } from "../tokens/files.ts";

const CONTROL = 3;
const USER_DEFINED = 4;

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

interface PreTokenizer {
  readonly pre_tokenizer: object;
  readonly normalizer?: object;
  /** True: a word that is a token is not merged from its parts. */
  readonly ignoreMerges?: boolean;
}

/** Parts of tokenizer.json by `tokenizer.ggml.pre`, as the models with that name have them. */
const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  smollm: { pre_tokenizer: sequence({ type: "Digits", individual_digits: true }, byteLevel(true)) },
  "gpt-2": { pre_tokenizer: byteLevel(true) },
  "llama-bpe": { pre_tokenizer: sequence(split(words("\\p{N}{1,3}")), byteLevel(false)), ignoreMerges: true },
  qwen2: { pre_tokenizer: sequence(split(words("\\p{N}")), byteLevel(false)), normalizer: { type: "NFC" } },
};

/**
 * Rebuilds tokenizer.json and tokenizer_config.json from a GGUF's metadata.
 * @throws data error for any tokenizer but byte-level BPE with a known pre-tokenizer, and for damaged lists
 */
export function ggufTokenizer({ path, metadata }: GgufFile): TokenizerFiles {
  const model = metadata.get("tokenizer.ggml.model");
  if (model !== "gpt2") {
    throw new LorafitError(
      "data",
      `${path}: tokenizer.ggml.model ${JSON.stringify(model)} is not supported; supported: gpt2 (byte-level BPE)`,
      {
        hint: "take the model's Hugging Face folder instead",
      },
    );
  }
  const pre = metadata.get("tokenizer.ggml.pre");
  const parts =
    typeof pre === "string" && Object.hasOwn(PRE_TOKENIZERS, pre) ? PRE_TOKENIZERS[pre]! : undefined;
  if (parts === undefined) {
    const known = Object.keys(PRE_TOKENIZERS).join(", ");
    throw new LorafitError(
      "data",
      `${path}: tokenizer.ggml.pre ${JSON.stringify(pre)} is not supported; supported: ${known}`,
      {
        hint: "take the model's Hugging Face folder instead",
      },
    );
  }
  const tokens = list(path, metadata, "tokens", (v): v is string => typeof v === "string");
  const types = list(path, metadata, "token_type", (v): v is number => typeof v === "number");
  const merges = list(path, metadata, "merges", (v): v is string => typeof v === "string");
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
      normalizer: parts.normalizer ?? null,
      pre_tokenizer: parts.pre_tokenizer,
      post_processor: addBos ? bosProcessor(text("bos")!, ids("bos")[0]!) : byteLevel(true),
      decoder: byteLevel(true),
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: parts.ignoreMerges ?? false,
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
