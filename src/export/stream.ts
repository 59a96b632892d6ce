import type { RenderedChat } from "../tokens/rendered.ts";
import type { Finish, GenerateOptions } from "./generate.ts";
import type { ExportedModel } from "./session.ts";

/** A piece of text, or the end. The deltas joined are the whole answer. */
export type TextEvent =
  | { readonly type: "text"; readonly delta: string }
  | { readonly type: "end"; readonly finish: Finish; readonly tokens: number };

/** Continues a text or a rendered conversation. No special tokens are added. */
export async function* streamText(
  model: ExportedModel,
  prompt: string | RenderedChat,
  options: GenerateOptions,
): AsyncGenerator<TextEvent> {
  const text = incrementalText((ids) => model.tokenizer.decode(ids, { skipSpecial: true }));
  let tokens = 0;
  for await (const event of model.tokens([model.tokenizer.encode(prompt)], options)) {
    if (event.type === "token") {
      tokens++;
      const delta = text.push(event.id);
      if (delta !== "") yield { type: "text", delta };
    } else {
      const delta = text.end();
      if (delta !== "") yield { type: "text", delta };
      yield { type: "end", finish: event.finish, tokens };
    }
  }
}

/** Streams the assistant's answer to a conversation that ends with the user's turn. */
export function streamChat(
  model: ExportedModel,
  messages: Parameters<ExportedModel["tokenizer"]["renderChat"]>[0],
  options: GenerateOptions,
): AsyncGenerator<TextEvent> {
  return streamText(model, model.tokenizer.renderChat(messages, { addGenerationPrompt: true }), options);
}

/**
 * Converts tokens to text one by one. A character of several bytes may span tokens, and a decoder may treat the first token
 * of a text differently. Each piece is therefore the difference of two decodings that begin at the same earlier token, and
 * is held back while it ends in an incomplete character (as in text-generation-inference's streaming decoder).
 */
export function incrementalText(decode: (ids: number[]) => string): {
  push(id: number): string;
  end(): string;
} {
  let shown: number[] = [];
  let waiting: number[] = [];
  const rest = (): string => decode([...shown, ...waiting]).slice(decode(shown).length);
  return {
    push(id) {
      waiting.push(id);
      const text = rest();
      if (text === "" || text.endsWith("\ufffd")) return "";
      shown = waiting;
      waiting = [];
      return text;
    },
    end: () => (waiting.length === 0 ? "" : rest()),
  };
}
