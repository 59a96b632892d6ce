import { LorafitError, warn } from "../errors.ts";
import { type ChatTemplate, compileChatTemplate, guardian, type RenderChat } from "./chat-template.ts";
import { cleanUp } from "./decoders.ts";
import { specialTokens, type TokenizerFiles, tokenText } from "./files.ts";
import { openPipeline, type Pipeline } from "./pipeline.ts";
import { RenderedChat } from "./rendered.ts";
import { LONE_SURROGATE } from "./unicode.ts";

/** Text to ids and back, and the chat template, of one model. */
export interface Tokenizer extends ChatTemplate {
  /**
   * Ids of a text, or of a conversation that `renderChat` rendered; none is added. A text is text: a control token written
   * in it is encoded as its characters. Of a rendered conversation, the template's own control tokens are recognised.
   * @param options.continues true for what follows text that is already encoded: no space is put before it
   * @throws data error for half a surrogate pair
   */
  encode(text: string | RenderedChat, options?: { readonly continues?: boolean }): number[];
  /** Ids of a text by itself: with the special tokens that the tokenizer puts around one. */
  encodeWhole(text: string): number[];
  decode(ids: readonly number[], options: { readonly skipSpecial: boolean }): string;
  /** The first control token that a text holds as characters; undefined where it holds none. */
  controlIn(text: string): string | undefined;
  /** Ids that end an assistant turn; the last one ends it. For ChatML one: `<|im_end|>`. */
  readonly endOfTurnIds: readonly number[];
  /** All ids that stop generation: generation_config's, the tokenizer's eos and the end of a turn. */
  readonly eosIds: readonly number[];
  /** Begins a document; undefined where the tokenizer has none. */
  readonly bosId: number | undefined;
  readonly padId: number;
  /** One more than the largest id. */
  readonly vocabSize: number;
}

/**
 * Builds a tokenizer from the files' contents; nothing is fetched.
 * @throws data error when tokenizer.json has a component that is not known, ids that the model has no embedding for, or when
 * nothing can end an assistant's turn
 */
export async function loadTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const pipeline = openPipeline(files.tokenizerJson, files.tokenizerConfig);
  checkPrefixSpace(files);
  checkFit(pipeline, files);
  const special = pipeline.addedTokens.filter((token) => token.special).map(({ content }) => content);
  const guard = guardian(special);
  const encode: Tokenizer["encode"] = (input, options) => {
    const text = typeof input === "string" ? guard(input) : input.markup;
    if (LONE_SURROGATE.test(text)) {
      throw new LorafitError("data", "holds half of a surrogate pair, which is no character", {
        hint: "repair the text where it was cut",
      });
    }
    return pipeline.encode(text, { continues: options?.continues ?? false });
  };
  const around = specialTokens(files.tokenizerJson);
  const template = compileChatTemplate(files, pipeline.addedTokens);
  const idOf = (key: string): number | undefined => {
    const text = tokenText(files.tokenizerConfig[key]);
    return text === undefined ? undefined : pipeline.idOf(text);
  };
  const eos = [...configuredEos(files), idOf("eos_token")].filter((id) => id !== undefined);
  const endOfTurnIds = findEndOfTurn(template.renderChat, encode, pipeline, eos);
  const eosIds = [...new Set([...eos, ...endOfTurnIds.slice(-1)])];
  const cleans = files.tokenizerConfig["clean_up_tokenization_spaces"] === true;
  return {
    encode,
    encodeWhole: (text) => [...around.before, ...encode(text), ...around.after],
    decode: (ids, options) => {
      const text = pipeline.decode(ids, options);
      return cleans ? cleanUp(text) : text;
    },
    ...template,
    controlIn: (text) => special.find((token) => text.includes(token)),
    endOfTurnIds,
    eosIds,
    bosId: idOf("bos_token"),
    padId: idOf("pad_token") ?? eosIds[0]!,
    vocabSize: pipeline.size,
  };
}

/** Tokenizer classes of transformers that replace the pre-tokenizer of tokenizer.json by their own. */
const BYTE_LEVEL_CLASS = /^(?:GPT2|Roberta|Bart|LED|Longformer|CodeGen|GPTNeoX|Blenderbot)Tokenizer/;

/** @throws data error for a class that puts a space before each text where tokenizer.json does not, or the other way round */
function checkPrefixSpace({ tokenizerJson, tokenizerConfig }: TokenizerFiles): void {
  const { add_prefix_space: wanted, tokenizer_class: name } = tokenizerConfig;
  if (typeof wanted !== "boolean" || typeof name !== "string" || !BYTE_LEVEL_CLASS.test(name)) return;
  const { pre_tokenizer: part } = tokenizerJson as { pre_tokenizer?: { add_prefix_space?: unknown } | null };
  const stored = part?.add_prefix_space;
  if (typeof stored !== "boolean" || stored === wanted) return;
  throw new LorafitError(
    "data",
    `tokenizer_config.json: add_prefix_space is ${wanted} and tokenizer.json's is ${stored}; ${name} computes other ids than tokenizer.json`,
    { hint: "set the two to the same value, the one that the model was trained with" },
  );
}

/** Each id needs its row of the embedding. */
function checkFit(pipeline: Pipeline, { model }: TokenizerFiles): void {
  if (model === undefined || pipeline.size <= model.vocabSize) return;
  throw new LorafitError(
    "data",
    `tokenizer.json: its largest id is ${pipeline.size - 1}, and the model has embeddings for ids below ${model.vocabSize}`,
    { hint: "take the tokenizer files that belong to the model's weights" },
  );
}

/**
 * As in transformers: generation_config.json, and where there is none the model's config.json. An id without an embedding, which no model
 * can choose, is left out with a warning.
 */
function configuredEos({ generationConfig, model }: TokenizerFiles): number[] {
  if (generationConfig === undefined) return [...(model?.eosIds ?? [])];
  const ids = [generationConfig["eos_token_id"] ?? []].flat();
  if (!ids.every((id) => Number.isSafeInteger(id))) {
    throw new LorafitError(
      "data",
      `generation_config.json: eos_token_id: ${JSON.stringify(ids)} is not a token id or a list of some`,
    );
  }
  return (ids as number[]).filter((id) => {
    const isKnown = id >= 0 && id < (model?.vocabSize ?? Number.POSITIVE_INFINITY);
    if (!isKnown) {
      warn(
        `generation_config.json: eos_token_id ${id} is no id of a vocabulary of ${model?.vocabSize}: left out`,
      );
    }
    return isKnown;
  });
}

/** Text that the template adds after an answer, up to its first added token inclusive; without a template, eos. */
function findEndOfTurn(
  renderChat: RenderChat,
  encode: Tokenizer["encode"],
  pipeline: Pipeline,
  eos: readonly number[],
): number[] {
  const question = { role: "user", content: "qZq" } as const;
  const answer = { role: "assistant", content: "aZa" } as const;
  let suffix: number[] = [];
  try {
    const whole = renderChat([question, answer], { addGenerationPrompt: false }).markup;
    const end = whole.lastIndexOf(answer.content);
    if (end >= 0) suffix = encode(new RenderedChat(whole.slice(end + answer.content.length)));
  } catch (error) {
    if (!LorafitError.is(error)) throw error;
  }
  const added = new Set(pipeline.addedTokens.map(({ id }) => id));
  const end = suffix.findIndex((id) => added.has(id));
  if (end >= 0) return suffix.slice(0, end + 1);
  if (eos[0] === undefined) {
    throw new LorafitError(
      "data",
      "tokenizer: neither the chat template nor an eos token ends an assistant's turn",
      {
        hint: "set eos_token in tokenizer_config.json, or eos_token_id in generation_config.json or config.json",
      },
    );
  }
  return [eos[0]];
}
