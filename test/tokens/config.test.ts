import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Message } from "../../src/tokens/chat-template.ts";
import { RenderedChat } from "../../src/tokens/rendered.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";
import { bundledFiles } from "./bundled.ts";

/** Made by golden/config.py with transformers. */
const golden = JSON.parse(readFileSync(new URL("golden/config.json", import.meta.url), "utf8")) as {
  texts: string[];
  messages: Message[];
  cases: {
    name: string;
    config: Record<string, unknown>;
    template: string | null;
    ids: number[][];
    chat: number[] | null;
  }[];
};
/** Cases in which transformers has ids that the model has no embedding for, or that tokenizer.json does not give. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  "a token beyond the vocabulary": /largest id is 4096/,
  "a token with another id": /gives "<\|tool\|>" the id 50, and transformers gives it 4096/,
  "an end token that is new": /largest id is 4096/,
  "a special token that is new": /largest id is 4096/,
  "a class with a space before texts": /add_prefix_space is true and tokenizer\.json's is false/,
  "named templates without a default": /of "tool_use", "rag" none is named "default"/,
};

test.each(golden.cases)("$name: the ids of transformers, or a refusal by name", async (found) => {
  const { tokenizerConfig, ...files } = bundledFiles();
  const open = loadTokenizer({
    ...files,
    tokenizerConfig: { ...tokenizerConfig, ...found.config },
    chatTemplate: found.template ?? undefined,
    model: { vocabSize: 4096, eosIds: [0] },
  });
  const refused = REFUSED[found.name];
  if (refused !== undefined) return expect(open).rejects.toThrow(refused);
  const tokenizer = await open;
  const ids = golden.texts.map((text) => tokenizer.encode(new RenderedChat(text)));
  expect(ids).toEqual(found.ids);
  const chat = tokenizer.renderChat(golden.messages, { addGenerationPrompt: false });
  expect(tokenizer.encode(chat)).toEqual(found.chat);
});
