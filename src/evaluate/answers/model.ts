import type { Message } from "../../tokens/chat-template.ts";
import type { RenderedChat } from "../../tokens/rendered.ts";

/** The part of an exported model that evaluation uses; src/export/session.ts opens one. */
export interface EvaluatedModel {
  /** Hash of the artefact on disk. */
  readonly sha256: string;
  readonly config: {
    readonly maxPositions: number;
    readonly bosId?: number | null | undefined;
    readonly eosIds?: readonly number[];
  };
  readonly tokenizer: {
    /** No special tokens are added. */
    encode(text: string | RenderedChat, options?: { readonly continues?: boolean }): number[];
    /** An answer's content as it is within a rendered conversation. */
    answerMarkup(content: string): string;
    /** First control token that a text holds as characters. */
    controlIn(text: string): string | undefined;
    /** With the special tokens that the tokenizer puts around a text. */
    encodeWhole(text: string): number[];
    decode(ids: readonly number[], options: { skipSpecial: boolean }): string;
    renderChat(
      messages: readonly Message[],
      options: { addGenerationPrompt: boolean },
    ): string | RenderedChat;
  };
  /** Present in a model that writes texts. */
  generate?(
    prompts: readonly (readonly number[])[],
    options: {
      maxNewTokens: number;
      temperature: number;
      seed: number;
      batchSize?: number;
      signal?: AbortSignal;
    },
  ): Promise<{ ids: number[]; finish: "stop" | "length" }[]>;
  /** Natural log-likelihood of the tokens ids[from..] of each row: sum and number of tokens. Present in such a model too. */
  logLikelihood?(
    rows: readonly { ids: number[]; from: number }[],
    options?: { batchSize?: number },
  ): Promise<{ sum: number; count: number }[]>;
  /** Logits of each row, one for each of `labels`. Present in a classifier. */
  classify?(rows: readonly (readonly number[])[], options?: { batchSize?: number }): Promise<Float32Array[]>;
  readonly labels?: readonly string[];
}
