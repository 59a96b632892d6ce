import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { Message } from "../../src/tokens/chat-template.ts";
import { RenderedChat } from "../../src/tokens/rendered.ts";
import { loadTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.ts";
import { bundledFiles, bundledTokenizer } from "./bundled.ts";

/** Made by golden/make.py with Hugging Face tokenizers and transformers. */
const golden = JSON.parse(readFileSync(new URL("golden/encode.json", import.meta.url), "utf8")) as {
  texts: { text: string; ids: number[] }[];
  chats: { messages: Message[]; rendered: string; ids: number[] }[];
};

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await bundledTokenizer();
});

describe("the bundled tokenizer", () => {
  it.each(golden.texts)("encodes $text as Hugging Face tokenizers does, and back", ({ text, ids }) => {
    expect(tokenizer.encode(new RenderedChat(text))).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(text);
  });

  it.each(golden.chats)("renders a chat as transformers does", ({ messages, rendered, ids }) => {
    const chat = tokenizer.renderChat(messages, { addGenerationPrompt: true });
    expect(String(chat)).toBe(rendered);
    expect(tokenizer.encode(chat)).toEqual(ids);
  });

  it("knows what ends a turn and what stops generation", () => {
    expect(tokenizer.endOfTurnIds).toEqual([2]);
    expect(tokenizer.eosIds).toEqual([0, 2]);
    expect(tokenizer.padId).toBe(3);
    expect(tokenizer.vocabSize).toBe(4096);
  });

  it("leaves special tokens out on request, and handles nothing", () => {
    expect(tokenizer.decode([...tokenizer.encode("Hi"), 2], { skipSpecial: true })).toBe("Hi");
    expect(tokenizer.encode("")).toEqual([]);
    expect(tokenizer.decode([], { skipSpecial: true })).toBe("");
  });
});

describe("other forms of the files", () => {
  it("merges as pairs give the same ids", async () => {
    const files = bundledFiles();
    files.tokenizerJson.model.merges = files.tokenizerJson.model.merges.map((m: string) => m.split(" "));
    const other = await loadTokenizer(files);
    for (const { text, ids } of golden.texts) expect(other.encode(new RenderedChat(text))).toEqual(ids);
  });

  it("a template in its own file goes before the config's; the eos can end the turn", async () => {
    const chatTemplate =
      "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[Q]{{ m.content }}[A]{% else %}{{ m.content }}{{ eos_token }}\n{% endif %}{% endfor %}";
    const other = await loadTokenizer({ ...bundledFiles(), generationConfig: undefined, chatTemplate });
    expect(String(other.renderChat([{ role: "user", content: "x" }], { addGenerationPrompt: true }))).toBe(
      "<|endoftext|>[Q]x[A]",
    );
    expect(other.endOfTurnIds).toEqual([0]);
    expect(other.eosIds).toEqual([0]);
  });

  it("refuses what it cannot read, and says what", async () => {
    await expect(loadTokenizer({ ...bundledFiles(), tokenizerJson: { model: {} } })).rejects.toMatchObject({
      kind: "data",
      message: expect.stringContaining("model.vocab"),
    });
    await expect(loadTokenizer({ ...bundledFiles(), chatTemplate: "{% for %}" })).rejects.toMatchObject({
      kind: "data",
      message: expect.stringContaining("chat template cannot be parsed"),
    });
  });

  it("a template's own refusal comes through as one line", async () => {
    const chatTemplate = "{{ raise_exception('no system turn here') }}";
    const other = await loadTokenizer({ ...bundledFiles(), chatTemplate });
    expect(() => other.renderChat([{ role: "user", content: "x" }], { addGenerationPrompt: true })).toThrow(
      "no system turn here",
    );
  });
});
