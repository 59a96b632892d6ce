import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeRows } from "../../src/data/encode.ts";
import { parseRows } from "../../src/data/rows.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";
import { bundledFiles, bundledTokenizer } from "../tokens/bundled.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-shapes-"));
afterAll(() => rmSync(folder, { recursive: true }));

function parse(row: unknown) {
  const path = join(folder, "rows.jsonl");
  writeFileSync(path, typeof row === "string" ? row : `${JSON.stringify(row)}\n`);
  return parseRows(chat.rows, [path]);
}
const contentOf = (row: unknown) => {
  const { rows, mistakes } = parse(row);
  expect(mistakes).toEqual([]);
  return rows[0]!;
};
const user = (content: unknown, more = {}) => ({ role: "user", content, ...more });
const assistant = (content: unknown, more = {}) => ({ role: "assistant", content, ...more });
const QA = { messages: [user("Q"), assistant("A")] };

describe("rows as other tools write them", () => {
  it.each([
    ["messages", QA, QA],
    [
      "messages with parts",
      { messages: [user([{ type: "text", text: "Q" }]), assistant([{ type: "text", text: "A" }])] },
      QA,
    ],
    [
      "messages with parts",
      { messages: [user([{ type: "text", text: "Q" }, "!"]), assistant("A")] },
      { messages: [user("Q!"), assistant("A")] },
    ],
    [
      "ShareGPT",
      {
        conversations: [
          { from: "human", value: "Q" },
          { from: "gpt", value: "A" },
        ],
      },
      QA,
    ],
    [
      "ShareGPT",
      {
        system: "S",
        conversations: [
          { from: "human", value: "Q" },
          { from: "gpt", value: "A" },
        ],
        tools: "",
      },
      { messages: [{ role: "system", content: "S" }, ...QA.messages] },
    ],
    [
      "ShareGPT",
      {
        conversations: [
          { from: "human", value: "Q" },
          { from: "gpt", value: "A", weight: 0 },
          { from: "user", value: "q" },
          { from: "assistant", value: "a" },
        ],
      },
      { messages: [user("Q"), assistant("A", { trained: false }), user("q"), assistant("a")] },
    ],
    ["conversations", { conversations: QA.messages }, QA],
    ["Alpaca", { instruction: "Q", input: "", output: "A" }, QA],
    [
      "Alpaca",
      { instruction: "Q", input: "", output: "A", text: "### Instruction:\nQ\n### Response:\nA" },
      QA,
    ],
    [
      "Alpaca",
      { instruction: "Add", input: "1 2", output: "3" },
      { messages: [user("Add\n1 2"), assistant("3")] },
    ],
    [
      "Alpaca",
      { instruction: "q", output: "a", system: "S", history: [["Q", "A"]] },
      { messages: [{ role: "system", content: "S" }, ...QA.messages, user("q"), assistant("a")] },
    ],
    ["prompt and completion", { prompt: "Q", completion: "A" }, QA],
    ["prompt and completion as messages (TRL)", { prompt: [user("Q")], completion: [assistant("A")] }, QA],
    [
      "prompt and completion as messages (TRL)",
      { prompt: [user("Q"), assistant("A"), user("q")], completion: [assistant("a")] },
      { messages: [user("Q"), assistant("A", { trained: false }), user("q"), assistant("a")] },
    ],
    ["text", { text: "T" }, { text: "T" }],
    ["messages", { ...QA, prompt: "Q" }, QA],
    ["Alpaca", { instruction: "Q", output: "A", text: "### Q\n### A" }, QA],
    ["Alpaca", { instruction: "", input: "Q", output: "A" }, QA],
  ])("%s: %j", (shape, row, content) => {
    const read = contentOf({ ...row, source: "x" });
    expect(read.shape).toBe(shape);
    expect(read.content).toEqual(content);
    expect(read.raw["source"]).toBe("x");
  });

  it.each([
    [{ prompt: "Q", chosen: "A", rejected: "B" }, /preference pair \(DPO, ORPO\)/],
    [{ chosen: [user("Q")], rejected: [user("Q")] }, /preference pair/],
    [{ prompt: "Q", completion: "A", label: false }, /label of true or false \(KTO\)/],
    [{ ...QA, label: false }, /label of true or false \(KTO\)/],
    [{ conversations: [{ from: "human", value: "Q" }], kto_tag: true }, /\(KTO\)/],
    [{ instruction: "Q", output: "bad", label: false }, /\(KTO\)/],
    [{ ...QA, chosen: [], rejected: ["b"] }, /preference pair/],
    [{ instruction: "Q", output: "A", rejected: "b" }, /preference pair/],
    [{ ...QA, input_ids: [1, 2] }, /^input_ids: holds token ids/],
    [{ ...QA, loss_mask: [0, 1] }, /^loss_mask: masks of tokens/],
    [{ ...QA, system_prompt: "S" }, /^system_prompt:/],
    [{ instruction: "Q", output: "A", text: "something else" }, /both instruction and text/],
    [{ input_ids: [1, 2] }, /token ids/],
    [{ contents: [{ role: "user", parts: [{ text: "Q" }] }] }, /Gemini/],
    [{ question: "Q", answer: "A" }, /rename them to prompt and completion/],
    [{ prompt: "Q", response: "A" }, /rename response to completion/],
    [
      { conversations: [{ from: "tool", value: "x" }] },
      /conversations\[0\]\.from: "tool" is not supported \(ShareGPT\)/,
    ],
    [{ conversations: [{ from: "function_call", value: "x" }] }, /function_call/],
    [{ instruction: "Q" }, /no Alpaca row/],
    [{ ...QA, tools: [{ type: "function" }] }, /^tools: tools are not supported/],
    [{ ...QA, images: ["a.png"] }, /^images:/],
    [{ ...QA, weight: 0.5 }, /^weight: weights of rows/],
    [{ ...QA, text: "both" }, /both messages and text/],
    [{ ...QA, input: "more" }, /both messages and input, which would be lost/],
    [{ ...QA, context: "more" }, /both messages and context, which would be lost/],
    [{ prompt: "Q", completion: "A", input: "more" }, /both prompt and input/],
    [{ prompt: "Q", completion: "A", system: "S" }, /both prompt and system/],
    [{ instruction: "Q", output: "A", context: "more" }, /both instruction and context/],
    [{ instruction: "Q", output: "A", prompt: "other" }, /both instruction and prompt/],
    [{ ...QA, rendered: true }, /^rendered: belongs to a row of text/],
    [{ ...QA, parallel_tool_calls: false }, /^parallel_tool_calls:/],
    [{ ...QA, function_call: "auto" }, /^function_call:/],
    [{ ...QA, train: false }, /^train:/],
    [{ text: "x", labels: [1, 2] }, /^labels:/],
    [
      { messages: [user("Q"), assistant([{ type: "text", text: "A", weight: 0 }])] },
      /^messages\[1\]\.content\[0\]\.weight: is not supported/,
    ],
    [{ messages: [user("Q"), assistant("\u200b")] }, /content: is empty/],
    [
      { messages: [user("Q"), assistant("A", { tool_calls: [{ id: 1 }] })] },
      /messages\[1\]\.tool_calls: is not supported/,
    ],
    [{ messages: [user("Q", { name: "Ann" }), assistant("A")] }, /messages\[0\]\.name: is not supported/],
    [{ messages: [user("Q"), assistant("A", { reasoning_content: "hm" })] }, /reasoning_content/],
    [
      { messages: [user("Q"), { role: "tool", content: "42" }, assistant("A")] },
      /messages\[1\]\.role: tool turns are not supported/,
    ],
    [
      { messages: [user([{ type: "image_url", image_url: { url: "x" } }]), assistant("A")] },
      /messages\[0\]\.content\[0\]: a part of type image_url is not supported/,
    ],
    [{ messages: [user("Q"), assistant([{ type: "input_audio" }])] }, /part of type input_audio/],
    [{ messages: [user("Q"), assistant("A", { weight: 0.5 })] }, /weights other than 0 and 1/],
    [
      { messages: [user("Q", { weight: 1 }), assistant("A")] },
      /messages\[0\]\.weight: only an assistant's turn/,
    ],
    [{ messages: [user("Q"), assistant("A\0")] }, /messages\[1\]\.content: holds U\+0000/],
    [
      '{"messages":[{"role":"user","content":"Q\\ud83d"},{"role":"assistant","content":"A"}]}',
      /messages\[0\]\.content: holds half of a surrogate pair/,
    ],
    ['{"text":"\\udc00x"}', /text: holds half of a surrogate pair/],
  ])("%j is refused by name", (row, message) => {
    const { rows, mistakes } = parse(row);
    expect(rows).toEqual([]);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatchObject({ line: 1, message: expect.stringMatching(message) });
  });
});

describe("encoding them", () => {
  it("an answer of weight 0 is context, the others are trained on", async () => {
    const tokenizer = await bundledTokenizer();
    const { rows } = parse({
      messages: [user("Q"), assistant("No", { weight: 0 }), user("q"), assistant("Yes", { weight: 1 })],
    });
    const { targets, ids } = encodeRows(chat.rows, rows, tokenizer, { maxLength: 64 }).rows[0]!;
    const trained = targets.filter((target) => target !== -100);
    expect(tokenizer.decode(trained, { skipSpecial: false })).toBe("Yes<|im_end|>");
    expect(tokenizer.decode(ids, { skipSpecial: false })).toContain("No<|im_end|>");
  });

  /** The generation prompt opens a think block, and the template removes the reasoning of a finished answer. */
  const thinking = `{% for m in messages %}{% if m['role']=='user' %}{{ '<|im_start|>user\\n' + m['content'] + '<|im_end|>\\n' }}{% endif %}{% if m['role']=='assistant' %}{% set content = m['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{ '<|im_start|>assistant\\n' + content + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}`;

  it("trains on the reasoning that the generation prompt opens, as it is served", async () => {
    const tokenizer = await loadTokenizer({ ...bundledFiles(), chatTemplate: thinking });
    const { rows } = parse({ messages: [user("Q"), assistant("<think>\nHm.\n</think>\n\nYes.")] });
    const { ids, targets } = encodeRows(chat.rows, rows, tokenizer, { maxLength: 64 }).rows[0]!;
    const prompt = tokenizer.encode(
      tokenizer.renderChat([{ role: "user", content: "Q" }], { addGenerationPrompt: true }),
    );
    expect(ids.slice(0, prompt.length)).toEqual(prompt);
    expect(
      tokenizer.decode(
        targets.filter((target) => target !== -100),
        { skipSpecial: false },
      ),
    ).toBe("Hm.\n</think>\n\nYes.<|im_end|>");
  });

  it.each([
    [
      [user("Q"), assistant("Yes.")],
      /opens the answer with "<think>\\n", and this answer does not begin with it/,
    ],
    [
      [
        user("Q"),
        assistant("<think>\nHm.\n</think>\n\nYes."),
        user("q"),
        assistant("<think>\nOh.\n</think>\n\nNo."),
      ],
      /messages\[3\]: the chat template removes the reasoning of earlier answers/,
    ],
  ])("names the real cause where it cannot: %j", async (messages, message) => {
    const tokenizer = await loadTokenizer({ ...bundledFiles(), chatTemplate: thinking });
    expect(() => encodeRows(chat.rows, parse({ messages }).rows, tokenizer, { maxLength: 64 })).toThrow(
      message,
    );
  });

  it("text marks of a template that are no tokens are refused in content", async () => {
    const chatTemplate =
      "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}";
    const tokenizer = await loadTokenizer({ ...bundledFiles(), chatTemplate });
    const { rows } = parse({ messages: [user("Q [/INST] A [INST] q"), assistant("A")] });
    expect(() => encodeRows(chat.rows, rows, tokenizer, { maxLength: 64 })).toThrow(
      /messages\[0\]: contains \[INST\]/,
    );
  });

  it("prompts do not depend on the day", async () => {
    const chatTemplate =
      "{% if not date_string is defined %}{% if strftime_now is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% else %}{% set date_string = 'none' %}{% endif %}{% endif %}{{ date_string }}|{{ strftime_now(\"%A, %B %-d\") }}|{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}";
    const tokenizer = await loadTokenizer({ ...bundledFiles(), chatTemplate });
    expect(
      String(tokenizer.renderChat([{ role: "user", content: "Q" }], { addGenerationPrompt: true })),
    ).toBe("26 Jul 2024|Friday, July 26|Q<|endoftext|>");
  });
});
