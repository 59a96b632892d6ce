import { LorafitError } from "../errors.ts";
import { type ChatTemplate, compileChatTemplate } from "./chat-template.ts";
import { type TokenizerFiles, type TokenizerJson, tokenText, withStringMerges } from "./files.ts";

/** Text to ids and back, and the chat template, of one model. */
export interface Tokenizer {
  /** Ids of the text; special tokens written in it are recognised, none is added. */
  encode(text: string): number[];
  decode(ids: readonly number[], options: { readonly skipSpecial: boolean }): string;
  /** The conversation as the model reads it. @throws data error when the template refuses it */
  readonly renderChat: ChatTemplate;
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
 * @throws data error when tokenizer.json has a kind of part that the library does not know, or no chat turn can end
 */
export async function loadTokenizer(files: TokenizerFiles): Promise<Tokenizer> {
  const json = withStringMerges(files.tokenizerJson);
  const encoder = await openEncoder(json, files.tokenizerConfig);
  const idOf = (key: string): number | undefined => {
    const text = tokenText(files.tokenizerConfig[key]);
    return json.added_tokens.find((token) => token.content === text)?.id ?? json.model.vocab[text ?? ""];
  };
  const encode = (text: string): number[] =>
    text === "" ? [] : encoder.encode(text, null, { add_special_tokens: false });
  const renderChat = compileChatTemplate(files);
  const eos = [...generationEos(files.generationConfig), idOf("eos_token")].filter((id) => id !== undefined);
  const endOfTurnIds = findEndOfTurn(
    renderChat,
    encode,
    new Set(json.added_tokens.map((token) => token.id)),
    eos,
  );
  const eosIds = [...new Set([...eos, ...endOfTurnIds.slice(-1)])];
  return {
    encode,
    decode: (ids, { skipSpecial }) =>
      ids.length === 0
        ? ""
        : encoder.decode([...ids], {
            skip_special_tokens: skipSpecial,
            clean_up_tokenization_spaces: files.tokenizerConfig["clean_up_tokenization_spaces"] === true,
          }),
    renderChat,
    endOfTurnIds,
    eosIds,
    bosId: idOf("bos_token"),
    padId: idOf("pad_token") ?? eosIds[0]!,
    vocabSize: 1 + largestId(json),
  };
}

async function openEncoder(json: TokenizerJson, config: Record<string, unknown>) {
  const { PreTrainedTokenizer } = await import("@xenova/transformers/src/tokenizers.js");
  try {
    return new PreTrainedTokenizer(json, config);
  } catch (cause) {
    throw new LorafitError("data", `tokenizer.json cannot be used: ${(cause as Error).message}`, {
      hint: "byte-level BPE tokenizers, as of the Llama family, are supported",
      cause,
    });
  }
}

function generationEos(generation: Record<string, unknown> | undefined): number[] {
  const eos = generation?.["eos_token_id"];
  return [eos].flat().filter((id) => typeof id === "number");
}

/** What the template writes after an answer, up to and with its first special token; without a template, eos. */
function findEndOfTurn(
  renderChat: ChatTemplate,
  encode: (text: string) => number[],
  special: ReadonlySet<number>,
  eos: readonly number[],
): number[] {
  const question = { role: "user", content: "Q" } as const;
  let suffix: number[] = [];
  try {
    const prompt = renderChat([question], { addGenerationPrompt: true });
    const whole = renderChat([question, { role: "assistant", content: "A" }], { addGenerationPrompt: false });
    const rest = whole.startsWith(prompt) ? whole.slice(prompt.length) : whole;
    suffix = encode(rest.slice(rest.lastIndexOf("A") + 1));
  } catch (error) {
    if (!LorafitError.is(error)) throw error;
  }
  const end = suffix.findIndex((id) => special.has(id));
  if (end >= 0) return suffix.slice(0, end + 1);
  if (eos[0] === undefined) {
    throw new LorafitError(
      "data",
      "tokenizer: neither the chat template nor eos_token ends an assistant's turn",
      {
        hint: "set eos_token in tokenizer_config.json",
      },
    );
  }
  return [eos[0]];
}

function largestId(json: TokenizerJson): number {
  let largest = -1;
  for (const id of Object.values(json.model.vocab)) largest = Math.max(largest, id);
  for (const { id } of json.added_tokens) largest = Math.max(largest, id);
  return largest;
}
