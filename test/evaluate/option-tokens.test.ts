import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { WARNINGS } from "../../src/errors.ts";
import type { EvaluatedModel } from "../../src/evaluate/answers/model.ts";
import type { Case } from "../../src/evaluate/cases/case.ts";
import { questionsOf } from "../../src/evaluate/cases/questions.ts";
import { RenderedChat } from "../../src/tokens/rendered.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";

/** A tokenizer as sentencepiece's models have it: words begin with a mark, which is put before a text that stands alone. */
const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false };
const pieces = ["<unk>", "</s>", "[A]", ..."▁abcdefghijklmnopqrstuvwxyz", "▁yes", "yes"];
const tokenizer = await loadTokenizer({
  tokenizerJson: {
    added_tokens: [1, 2].map((id) => ({ id, content: pieces[id], special: true, normalized: false })),
    pre_tokenizer: metaspace,
    decoder: metaspace,
    model: { type: "Unigram", unk_id: 0, vocab: pieces.map((piece, i) => [piece, -i - 1]) },
  },
  tokenizerConfig: {
    eos_token: "</s>",
    chat_template:
      "{% for m in messages %}{{ m.content }}{% if m.role == 'user' %}[A]{% else %}</s>{% endif %}{% endfor %}",
  },
});
const model = { tokenizer, config: { maxPositions: 100, eosIds: [1] } } as unknown as EvaluatedModel;
const decoding = { max_new_tokens: 4, temperature: 0 } as Parameters<typeof questionsOf>[2];

test("an option is encoded as what follows its prompt", () => {
  const body = {
    kind: "chat",
    messages: [{ role: "user", content: "open" }],
    checks: [{ kind: "choice", value: { good: "yes", bad: ["no"] } }],
  };
  const item = { id: "a", where: "a:1", body } as unknown as Case;
  const { rows } = questionsOf(model, [item], decoding);
  for (const { text, row } of rows) {
    expect(row.ids).toEqual(tokenizer.encode(new RenderedChat(`open[A]${text}`), { continues: false }));
  }
});

test("a control token in the text of a case is named", () => {
  const published: unknown[] = [];
  const listen = (text: unknown): unknown => published.push(text);
  subscribe(WARNINGS, listen);
  const body = { kind: "text", text: "a[A]b" };
  questionsOf(model, [{ id: "t", where: "t:1", body } as unknown as Case], decoding);
  unsubscribe(WARNINGS, listen);
  expect(published).toEqual([
    expect.stringMatching(/^case t: contains \[A\], which is encoded as plain text/),
  ]);
});
