import { expect, test } from "vitest";
import { readRows } from "../../src/data/rows.ts";
import { ngramEmbedder } from "../../src/embed/hashed-ngrams.ts";
import { type AnswerEvent, answerCases } from "../../src/evaluate/answers/answer.ts";
import { lookupIn } from "../../src/evaluate/answers/lookup.ts";
import { policyPrompt, promptedCases } from "../../src/evaluate/answers/prompted.ts";
import type { Case } from "../../src/evaluate/cases/case.ts";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { type ChatBody, isChat } from "../../src/evaluate/cases/kinds/chat.ts";
import { tokensOf } from "../../src/evaluate/cases/questions.ts";
import { contestantsAnswered } from "../../src/evaluate/cases/select.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import { loadTask } from "../../src/task/load.ts";
import { taskFolder } from "../task/fixture.ts";
import { ngramModel, Vocabulary } from "./ngram.ts";
import { policyOf, scenario } from "./scenario.ts";

const TRAIN = [
  {
    chat: "T1",
    messages: [said("user", "Can I return worn boots?"), said("assistant", "No, only unworn ones.")],
  },
  {
    chat: "T2",
    messages: [
      said("user", "Hello there"),
      said("assistant", "How can I help?"),
      said("user", "How long can I return shoes?"),
      said("assistant", "You have 60 days from delivery."),
    ],
  },
];

function said(role: "user" | "assistant", content: string) {
  return { role, content };
}

/** A task with these cases in its pack domain, and a lookup in TRAIN. */
async function asking(...lines: object[]) {
  const jsonl = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const task = loadTask(taskFolder({ "data/train.jsonl": jsonl(TRAIN), "cases/domain.jsonl": jsonl(lines) }));
  const cases = readCases(task).filter(({ pack }) => pack === "domain");
  const rows = readRows(chat.rows, task.paths.train, { groupKey: "chat" });
  const grouped = { ...task, data: { ...task.data, group: "chat" } };
  const lookup = await lookupIn(rows, cases, grouped, ngramEmbedder);
  if ("reason" in lookup) throw new Error(lookup.reason);
  return { task, lookup, cases };
}

const question = (id: string, content: string, more: object = {}) => ({
  id,
  messages: [said("user", content)],
  checks: [{ contains: ["60 days"] }],
  ...more,
});

test("the lookup gives the answer to the nearest question, with its row", async () => {
  const { lookup, cases } = await asking(
    question("a", "How long do I have to return my shoes?"),
    question("b", "May worn boots go back?"),
  );
  expect(lookup(cases[0]!)).toMatchObject({ text: "You have 60 days from delivery." });
  expect(lookup(cases[0]!)!.source).toBe("data/train.jsonl:2");
  expect(lookup(cases[1]!)).toMatchObject({ text: "No, only unworn ones." });
});

test("the lookup leaves out the rows of the case's own group", async () => {
  const { lookup, cases } = await asking(
    question("a", "How long can I return shoes?", { chat: "T2" }),
    question("b", "How long can I return shoes?", { cluster: "T2" }),
  );
  for (const item of cases) expect(lookup(item)).toMatchObject({ text: "No, only unworn ones." });
});

test("rows without a question and answer make no lookup", async () => {
  const { task } = await asking(question("a", "x"));
  const rows = readRows(chat.rows, task.paths.train).map((row) => ({ ...row, content: { text: "prose" } }));
  expect(await lookupIn(rows, [], task, ngramEmbedder)).toEqual({
    reason: "no training row holds a question with its answer",
  });
});

const good = await scenario(60);
const result = (id: string) => good.answers.find((row) => row.id === id)!;

test("contestants answer beside base and tuned, scored by the same checks", () => {
  const { lookup, prompted } = result("boots-red").contestants!;
  expect(lookup).toMatchObject({
    output: "you can return them within 60 days.",
    score: 1,
    finish: "stop",
    passed: ['says "60 days"', 'does not say "30 days"', 'keeps the style rule "short"'],
  });
  expect(lookup!.source).toMatch(/^data\/train\.jsonl:\d+$/);
  expect(prompted).toMatchObject({ finish: "stop" });
  // A lookup predicts no text.
  expect(result("g0").contestants).toBeUndefined();
});

test("a lookup's choice is the option most like its answer", () => {
  const { lookup, prompted } = result("safe-boots").contestants!;
  expect(lookup!.output).toBe("you can return them within 60 days.");
  expect(lookup!.preferences).toHaveLength(1);
  expect(prompted!.output).toBeUndefined();
  expect(prompted!.preferences![0]!.preferred).toBe("no, worn boots stay");
});

test("answers are complete when the contestant of every criterion has answered", () => {
  const against = [
    {
      ...good.task.success[0]!,
      kind: "superiority" as const,
      margin: 0,
      effect: 0.1,
      against: "lookup" as const,
    },
  ];
  const without = (id: string) => contestantsAnswered(against, good.cases, (other) => other !== id);
  expect(without("")).toBe(true);
  expect(without("boots-red")).toBe(false);
  // Of another pack.
  expect(without("safe-boots")).toBe(true);
  expect(contestantsAnswered(good.task.success, good.cases, () => false)).toBe(true);
});

const chatCases = good.cases.filter(isChat);
const vocabulary = new Vocabulary();

test("the policy comes first in the system message, before the case's own", () => {
  const prompt = { system: "P", rules: 1, of: 1 };
  const item = chatCases[0]!;
  const own: Case<ChatBody> = {
    ...item,
    body: {
      kind: "chat",
      checks: [],
      messages: [{ role: "system", content: "S" }, said("user", "Q")],
    },
  };
  expect(promptedCases([item, own], prompt).map(({ body }) => "messages" in body && body.messages)).toEqual([
    [{ role: "system", content: "P" }, ...item.body.messages],
    [{ role: "system", content: "P\n\nS" }, said("user", "Q")],
  ]);
});

test("rules are cut from the end until the longest question fits with its answer", () => {
  const model = ngramModel(vocabulary, []);
  const rules = Array.from({ length: 30 }, (_, i) => ({
    id: `R${i + 1}`,
    critical: false,
    text: "some more words of it",
    line: i + 1,
  }));
  const decoding = { max_new_tokens: 12, temperature: 0 };
  const length = (item: Case) => tokensOf(model, item, decoding);
  const prompt = policyPrompt(model, "Help.", rules, good.cases, length);
  if ("reason" in prompt) throw new Error(prompt.reason);
  expect(prompt.of).toBe(30);
  const longest = (rules: number) =>
    Math.max(
      ...promptedCases(chatCases, {
        system: prompt.system
          .split("\n")
          .slice(0, 2 + rules)
          .join("\n"),
        rules,
        of: 30,
      }).map(length),
    );
  expect(longest(prompt.rules)).toBeLessThanOrEqual(model.config.maxPositions);
  const oneMore = `${prompt.system}\nR${prompt.rules + 1} some more words of it`;
  const tooLong = promptedCases(chatCases, { system: oneMore, rules: 0, of: 30 }).map(length);
  expect(Math.max(...tooLong)).toBeGreaterThan(model.config.maxPositions);
});

test.each([
  ["leaves out", (): string => "<user> q <end> <assistant>"],
  [
    "takes no",
    (messages: readonly { role: string }[]): string => {
      if (messages[0]!.role === "system") throw new Error("System role not supported");
      return "<user> q <end> <assistant>";
    },
  ],
])("a chat template that %s system messages has no prompted base", (words, renderChat) => {
  const model = ngramModel(vocabulary, []);
  const deaf = { ...model, tokenizer: { ...model.tokenizer, renderChat } };
  const prompt = policyPrompt(deaf, "Help.", policyOf(good.task), good.cases, (item) =>
    tokensOf(deaf, item, good.task.decoding),
  );
  expect(prompt).toEqual({ reason: expect.stringContaining(`${words} system messages`.slice(0, -1)) });
});

test("a contestant that is left out is reported with the reason; one that was asked for is cut instead", async () => {
  const rule = { id: "R1", critical: false, text: "some more words of it", line: 1 };
  const policy = Array.from({ length: 30 }, (_, i) => ({ ...rule, id: `R${i + 1}` }));
  const answer = async (asked: boolean) => {
    const events: AnswerEvent[] = [];
    const model = ngramModel(vocabulary, [], ["a b c"]);
    const answers = await answerCases({
      base: model,
      tuned: model,
      cases: chatCases.slice(0, 3),
      task: good.task,
      finders: { lookup: { reason: "its rows have changed" } },
      prompted: { policy, asked },
      onEvent: (event) => events.push(event),
    });
    return { answers, out: events.filter(({ event }) => event === "contestant-left-out") };
  };
  const unasked = await answer(false);
  expect(unasked.out).toEqual([
    { event: "contestant-left-out", contestant: "lookup", reason: "its rows have changed" },
    {
      event: "contestant-left-out",
      contestant: "prompted",
      reason: expect.stringMatching(/^only \d of the policy's 30 rules fit/),
    },
  ]);
  expect(unasked.answers.every(({ contestants }) => contestants === undefined)).toBe(true);
  const asked = await answer(true);
  expect(asked.out).toHaveLength(1);
  expect(asked.answers.every(({ contestants }) => contestants?.prompted !== undefined)).toBe(true);
});
