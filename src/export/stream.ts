import type { Finish, GenerateOptions } from "./generate.ts";
import type { ExportedModel } from "./session.ts";

/** Text as it comes, then how it ended. The deltas joined are the whole answer. */
export type TextEvent =
  | { readonly type: "text"; readonly delta: string }
  | { readonly type: "end"; readonly finish: Finish; readonly tokens: number };

/** Continues a text. No special tokens are added. */
export async function* streamText(
  model: ExportedModel,
  prompt: string,
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

/** The assistant's answer to a conversation that ends with the user's turn. */
export function streamChat(
  model: ExportedModel,
  messages: Parameters<ExportedModel["tokenizer"]["renderChat"]>[0],
  options: GenerateOptions,
): AsyncGenerator<TextEvent> {
  return streamText(model, model.tokenizer.renderChat(messages, { addGenerationPrompt: true }), options);
}

/**
 * Token by token to text. A character of several bytes may be spread over tokens, and a decoder may treat the first token
 * of a text differently: so each piece is the difference of two decodings that begin at the same earlier token, and is
 * held back while it ends in an unfinished character (the scheme of text-generation-inference's streaming decoder).
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
