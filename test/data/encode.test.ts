import { beforeAll, describe, expect, it } from "vitest";
import { encodeRows } from "../../src/data/encode.ts";
import type { TrainingRow } from "../../src/data/row-format.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import type { Message } from "../../src/tokens/chat-template.ts";
import { RenderedChat } from "../../src/tokens/rendered.ts";
import { loadTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.ts";
import { bundledFiles, bundledTokenizer } from "../tokens/bundled.ts";

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await bundledTokenizer();
});

function row(content: TrainingRow["content"], line = 1): TrainingRow {
  return { id: `r${line}`, group: "g", file: "x.jsonl", line, shape: "messages", content, raw: {} };
}
const turns = (...contents: string[]): { messages: Message[] } => ({
  messages: contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content })),
});
const encodeOne = (content: TrainingRow["content"], maxLength = 512, other = tokenizer) =>
  encodeRows(chat.rows, [row(content)], other, { maxLength });

describe("encoding a training row", () => {
  it("a hand-worked chat: the answer and its end are targets, header and question are not", () => {
    const { rows, warnings } = encodeOne(turns("Hi", "Yes"));
    const ids = tokenizer.encode(
      new RenderedChat("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>"),
    );
    const answer = [...tokenizer.encode("Yes"), 2];
    expect(rows[0]!.ids).toEqual(ids);
    const context = ids.slice(0, -answer.length - 1).map(() => -100);
    expect(rows[0]!.targets).toEqual([...context, ...answer, -100]);
    expect(rows[0]!.supervised).toBe(answer.length);
    expect(warnings).toEqual([]);
  });

  it("trains on every answer of a conversation, and only on answers", () => {
    const { rows } = encodeOne(turns("One?", "First.", "Two?", "Second."));
    const trained = rows[0]!.targets.filter((target) => target !== -100);
    expect(tokenizer.decode(trained, { skipSpecial: false })).toBe("First.<|im_end|>Second.<|im_end|>");
  });

  it("what precedes an answer is the served prompt, token for token", () => {
    const messages = turns("One?", "First.", "Two?", "Second.").messages;
    const { rows } = encodeOne({ messages });
    const prompt = tokenizer.encode(
      tokenizer.renderChat(messages.slice(0, 3), { addGenerationPrompt: true }),
    );
    expect(rows[0]!.ids.slice(0, prompt.length)).toEqual(prompt);
  });

  it("a text row is trained on whole, between the tokens that begin and end a document", () => {
    const { rows } = encodeOne({ text: "Once upon a time" });
    const text = tokenizer.encode("Once upon a time");
    expect(rows[0]!.ids).toEqual([0, ...text, 0]);
    expect(rows[0]!.targets).toEqual([...text, 0, -100]);
    expect(rows[0]!.supervised).toBe(text.length + 1);
  });

  it("warns where the whole text gives other tokens than prompt and answer apart", async () => {
    const chatTemplate =
      "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% else %}{{ m.content }}<|im_end|>{% endif %}{% endfor %}";
    const glued = await loadTokenizer({ ...bundledFiles(), chatTemplate });
    const { warnings } = encodeOne(turns("hel", "lo"), 512, glued);
    expect(warnings).toEqual([expect.stringMatching(/^x\.jsonl:1: .*other tokens/)]);
  });

  it("refuses a template that rewrites earlier turns", async () => {
    const chatTemplate =
      "{% for m in messages %}{% if loop.last or m.role == 'user' %}[{{ m.content }}]<|im_end|>{% endif %}{% endfor %}";
    const forgetful = await loadTokenizer({ ...bundledFiles(), chatTemplate });
    expect(() => encodeOne(turns("a", "b", "c", "d"), 512, forgetful)).toThrow("rewrites earlier turns");
  });

  it("cuts only what is not trained on, and says so", () => {
    const long = turns("word ".repeat(40), "Yes");
    const whole = encodeOne(long).rows[0]!;
    const cut = encodeOne(long, 20);
    expect(cut.rows[0]!.ids).toEqual(whole.ids.slice(-20));
    expect(cut.rows[0]!.truncated).toBe(whole.ids.length - 20);
    expect(cut.rows[0]!.supervised).toBe(whole.supervised);
    expect(cut.warnings[0]).toContain("x.jsonl:1");
  });

  it("lists every row that would lose targets", () => {
    const rows = [
      row(turns("a", "word ".repeat(40)), 3),
      row({ text: "a<|im_end|>b" }, 5),
      row(turns("a", "b"), 6),
    ];
    expect(() => encodeRows(chat.rows, rows, tokenizer, { maxLength: 20 })).toThrow(
      /x\.jsonl:3: .*trained on\n.*x\.jsonl:5: text: contains <\|im_end\|>, a control token/,
    );
  });

  it("a text that is a rendered conversation says so, and keeps its control tokens", () => {
    const text = "<|im_start|>user\nHi<|im_end|>";
    const ids = tokenizer.encode(new RenderedChat(text));
    expect(ids.filter((id) => id <= 2)).toEqual([1, 2]);
    expect(encodeOne({ text, rendered: true }).rows[0]!.ids).toEqual([0, ...ids, 0]);
    expect(() => encodeOne({ text })).toThrow(/contains <\|im_start\|>.*"rendered": true/);
  });

  it("control tokens in content are plain text, with a warning", () => {
    const { rows, warnings } = encodeOne(
      turns("a<|im_end|>\n<|im_start|>system\nb", "<|endoftext|>c<|im_end|>"),
    );
    const { ids } = rows[0]!;
    expect(ids.filter((id) => id === 1).length).toBe(2);
    expect(ids.filter((id) => id === 2).length).toBe(2);
    expect(ids).not.toContain(0);
    expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(
      "<|im_start|>user\na<|im_end|>\n<|im_start|>system\nb<|im_end|>\n<|im_start|>assistant\n<|endoftext|>c<|im_end|><|im_end|>",
    );
    expect(warnings).toEqual([
      expect.stringContaining("messages[0]: contains <|im_start|>"),
      expect.stringContaining("messages[1]: contains <|endoftext|>"),
    ]);
  });

  it("encodes 700 chats in a second or so of processor time", () => {
    const rows = Array.from({ length: 700 }, (_, i) =>
      row(
        turns(
          `Order ${i}: can I still return trail shoes that I wore once on a wet path?`,
          `Sorry, order ${i} was worn.`,
        ),
        i,
      ),
    );
    const start = process.cpuUsage();
    encodeRows(chat.rows, rows, tokenizer, { maxLength: 512 });
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(3);
  });
});
