import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type AnswerEvent, answerCases } from "../../src/evaluate/answers/answer.ts";
import { readAnswers, writeAnswers } from "../../src/evaluate/answers/answer-row.ts";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { loadTask } from "../../src/task/load.ts";
import type { PolicyRule } from "../../src/task/policy.ts";
import { expectClose } from "../expect-close.ts";
import { taskFolder } from "../task/fixture.ts";
import { ngramModel, Vocabulary } from "./ngram.ts";
import { scenario } from "./scenario.ts";

/** No contestant: no row to look up, no policy that fits. */
const ALONE = {
  finders: { lookup: { reason: "no rows" } },
  prompted: {
    policy: Array<PolicyRule>(99).fill({ id: "R1", critical: false, text: "x", line: 1 }),
    asked: false,
  },
};

test("base and tuned answer the same cases, each in its own words", async () => {
  const { answers, cases } = await scenario(60);
  expect(answers.map((row) => row.id)).toEqual(cases.map((item) => item.id));
  const row = answers.find(({ id }) => id === "boots-red")!;
  expect(row).toMatchObject({
    pack: "domain",
    cluster: "boots-red",
    rule: "R1",
    slice: "boots",
    prompt: "how long can i return red boots?",
    base: { output: "you can return them within 30 days.", score: 0, finish: "stop" },
    tuned: {
      output: "you can return them within 60 days.",
      score: 1,
      finish: "stop",
      passed: ['says "60 days"', 'does not say "30 days"', 'keeps the style rule "short"'],
    },
  });
  expect(row.base.failed).toEqual(['does not say "60 days"', 'says "30 days"']);
  const safe = answers.find(({ id }) => id === "safe-boots")!;
  // Nothing was generated: the options are the case author's words.
  expect(safe.base.output).toBeUndefined();
  expect(safe.base).toMatchObject({
    preferences: [{ preferred: "no, worn boots stay", to: ["yes, worn boots go back"] }],
    score: 1,
  });
  const text = answers.find(({ id }) => id === "g0")!;
  // All 13 words are predicted, the first one from the start token.
  expect(text.base).toMatchObject({ tokens: 13 });
  expect(text.base.score).toBeGreaterThan(0);
  // 13 words' nats as bits, over the bytes of the text.
  const bits = (13 * text.base.score) / Math.LN2;
  expectClose([text.base.bits_per_byte!], [bits / Buffer.byteLength(text.prompt)], 1e-12);
  expect(row.base.scores).toEqual({ contains: 0, not_contains: 0, style: 1, "no-hand-over": 1 });
  expect(safe.base.scores).toEqual({ choice: 1 });
});

test("the rows survive the file, and the same models give the same bytes", async () => {
  const [{ answers }, again] = [await scenario(60), await scenario(60)];
  expect(again.answers).toEqual(answers);
  const file = join(mkdtempSync(join(tmpdir(), "lorafit-")), "answers.jsonl");
  writeAnswers(file, answers);
  expect(readAnswers(file)).toEqual(answers);
});

test("progress reaches its total, and an abort stops it", async () => {
  const task = loadTask(taskFolder());
  const vocabulary = new Vocabulary();
  const model = ngramModel(vocabulary, [], ["The cat sat."]);
  const events: AnswerEvent[] = [];
  const cases = readCases(task);
  const options = {
    base: model,
    tuned: model,
    cases,
    task: { ...task, decoding: { ...task.decoding, max_new_tokens: 4 } },
    ...ALONE,
  };
  await answerCases({ ...options, onEvent: (event) => events.push(event) });
  const progress = events.filter((event) => event.event === "answer-progress");
  expect(progress.at(-1)).toMatchObject({ model: "tuned", secondsLeft: 0 });
  expect(progress.at(-1)?.done).toBe(progress.at(-1)?.total);
  expect(progress.every((event, i) => i === 0 || event.done > progress[i - 1]!.done)).toBe(true);
  await expect(answerCases({ ...options, signal: AbortSignal.abort() })).rejects.toThrow();
});

test("cases that do not fit the context are all named before anything runs", async () => {
  const task = loadTask(taskFolder());
  const model = ngramModel(new Vocabulary(), []);
  const run = answerCases({
    base: model,
    tuned: model,
    cases: readCases(task),
    task: { ...task, decoding: { max_new_tokens: 60, temperature: 0 } },
    ...ALONE,
  });
  await expect(run).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(/domain\.jsonl:1: 66 tokens[\s\S]*domain\.jsonl:2: /),
  });
  expect(model.batches).toEqual([]);
});
