import { LorafitError, listMistakes, warn } from "../errors.ts";

/** Keys of config.json that do not change what the forward pass computes, in any family. */
const HARMLESS = new Set(
  `architectures model_type torch_dtype dtype transformers_version initializer_range use_cache attention_dropout
  pretraining_tp _name_or_path bos_token_id eos_token_id pad_token_id is_llama_config rope_interleaved
  transformers.js_config unsloth_fixed unsloth_version chat_template_hash attn_implementation _attn_implementation _attn_implementation_autoset
  auto_map tokenizer_class output_attentions output_hidden_states return_dict task_specific_params use_sliding_window
  id2label label2id problem_type name hidden_dropout finetuning_task chunk_size_feed_forward is_encoder_decoder is_decoder add_cross_attention cross_attention_hidden_size
  max_window_layers decoder_start_token_id prefix sep_token_id tie_encoder_decoder torchscript use_bfloat16 pruned_heads bad_words_ids`.split(
    /\s+/,
  ),
);

/**
 * Largest accepted values of integers that no stored tensor bounds: loops and tables are built from them. 2^20 positions are
 * the longest context of a published dense model.
 */
const MOST: Readonly<Record<string, number>> = {
  num_hidden_layers: 1 << 12,
  n_layer: 1 << 12,
  max_position_embeddings: 1 << 20,
  n_positions: 1 << 20,
  conv_L_cache: 1 << 10,
};
/** The limit of every other integer: tensor dimensions and head counts beyond it are no sizes. */
const LARGEST = 2 ** 31 - 1;

/** Keys that are refused with advice of their own. */
const ADVICE: Readonly<Record<string, (value: unknown) => string>> = {
  quantization_config: (value) =>
    `weights quantised by ${JSON.stringify((value as { quant_method?: unknown }).quant_method ?? "an unnamed method")} are not supported; take the model before quantisation`,
};

/**
 * Typed access to a config.json that collects every mistake. A key that no family code has read and that is not harmless is a
 * mistake too, because it may change the arithmetic.
 */
export class ConfigReader {
  readonly #raw: Readonly<Record<string, unknown>>;
  readonly #where: string;
  #defaults: Readonly<Record<string, unknown>> = {};
  readonly #read = new Set<string>();
  readonly #mistakes: string[] = [];

  constructor(raw: Readonly<Record<string, unknown>>, where: string) {
    this.#raw = raw;
    this.#where = where;
  }

  /** Sets values of absent keys: the defaults of the family's class in transformers, where they differ from Llama's. */
  defaults(values: Readonly<Record<string, unknown>>): void {
    this.#defaults = values;
  }

  /** Value without a check; marks the key as read. */
  get(key: string): unknown {
    this.#read.add(key);
    return this.#raw[key] === undefined ? this.#defaults[key] : this.#raw[key];
  }

  /** True if the file itself has a value for the key. */
  names(key: string): boolean {
    return this.#raw[key] !== undefined && this.#raw[key] !== null;
  }

  /** Publishes a warning that names the file. */
  warn(text: string): void {
    warn(`${this.#where}: ${text}`);
  }

  /** A positive number; `fallback` where the key is absent or null. */
  number(key: string, fallback?: number): number {
    const value = this.get(key) ?? fallback;
    if (typeof value === "number" && value > 0 && Number.isFinite(value)) return value;
    this.mistake(
      key,
      value === undefined ? "is missing" : `${JSON.stringify(value)} is not a positive number`,
    );
    return 1;
  }

  /** A positive whole number up to the limit of its key. */
  integer(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    const most = MOST[key] ?? LARGEST;
    if (Number.isSafeInteger(value) && value <= most) return value;
    this.mistake(
      key,
      Number.isInteger(value) ? `${value} is more than ${most}` : `${value} is not a whole number`,
    );
    return 1;
  }

  /** A boolean; false where the key is absent or null. */
  flag(key: string): boolean {
    const value = this.get(key) ?? false;
    if (typeof value !== "boolean") this.mistake(key, `${JSON.stringify(value)} is not true or false`);
    return value === true;
  }

  /** Token ids: one, a list, or none. An id without an embedding is left out with a warning; a negative one means none. */
  tokenIds(key: string): number[] {
    const ids = [this.get(key) ?? []].flat();
    if (!ids.every((id) => Number.isSafeInteger(id))) {
      this.mistake(key, `${JSON.stringify(ids)} is not a token id or a list of some`);
      return [];
    }
    const size = this.get("vocab_size");
    return (ids as number[]).filter((id) => {
      const isKnown = id < Number(size);
      if (!isKnown) warn(`${this.#where}: ${key} ${id} is no id of a vocabulary of ${size}: left out`);
      return isKnown && id >= 0;
    });
  }

  /** The ids of config.json by which every family begins, ends and pads a text. */
  specialIds(): { bosId: number | null; eosIds: number[]; padId: number | null } {
    return {
      bosId: this.tokenIds("bos_token_id")[0] ?? null,
      eosIds: this.tokenIds("eos_token_id"),
      padId: this.tokenIds("pad_token_id")[0] ?? null,
    };
  }

  /** Refuses every value of the key but `allowed` and absence. */
  only(key: string, allowed: readonly unknown[]): void {
    const value = this.get(key);
    if (value === undefined || allowed.includes(value)) return;
    const list = allowed.map((one) => JSON.stringify(one)).join(", ");
    this.mistake(key, `${JSON.stringify(value)} is not supported; supported: ${list}`);
  }

  mistake(key: string, what: string): void {
    this.#mistakes.push(`${key}: ${what}`);
  }

  /** @throws data error that lists all mistakes and every unknown key that is switched on */
  finish(): void {
    const unknown = Object.entries(this.#raw)
      .filter(
        ([key, value]) => !this.#read.has(key) && !HARMLESS.has(key) && value !== null && value !== false,
      )
      .map(
        ([key, value]) => `${key}: ${ADVICE[key]?.(value) ?? "not known, and it may change the arithmetic"}`,
      );
    const mistakes = [...this.#mistakes, ...unknown];
    if (mistakes.length > 0) {
      throw new LorafitError(
        "data",
        `${this.#where}: this model is not supported\n${listMistakes(mistakes)}`,
      );
    }
  }
}
