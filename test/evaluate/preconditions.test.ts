import { describe, expect, test } from "vitest";
import { readCaseTexts } from "../../src/data/curate/case-texts.ts";
import { privateFinders } from "../../src/data/curate/private.ts";
import type { TrainingRow } from "../../src/data/rows.ts";
import type { AnswerRow } from "../../src/evaluate/answer-row.ts";
import {
  answerPreconditions,
  dataPreconditions,
  type Precondition,
} from "../../src/evaluate/preconditions.ts";
import { FIRST_LOOK, scenario } from "./scenario.ts";

const finders = privateFinders();
const good = await scenario(60);
const failed = (preconditions: readonly Precondition[]) =>
  preconditions.filter(({ outcome }) => outcome === "fail").map(({ name }) => name);
const judged = (change: (row: AnswerRow, i: number) => AnswerRow) =>
  answerPreconditions(good.answers.map(change), FIRST_LOOK.policy, finders);
const saying = (row: AnswerRow, output: string, score: number): AnswerRow =>
  row.tuned.finish === undefined ? row : { ...row, tuned: { ...row.tuned, output, score } };

describe("what the answers show", () => {
  test("nothing against a model that learned the rule", () => {
    expect(failed(judged((row) => row))).toEqual([]);
  });

  test("an adapter that was never applied", () => {
    expect(failed(judged((row) => ({ ...row, tuned: row.base })))).toContain("the adapter changes answers");
    const one = judged((row, i) => ({ ...row, tuned: i === 3 ? { ...row.base, score: 0.5 } : row.base }));
    expect(failed(one)).not.toContain("the adapter changes answers");
  });

  test("one wrong answer to everything, word for word or nearly", () => {
    const same = judged((row) => saying(row, "Thank you so much for writing to us today!", 0));
    expect(failed(same)).toEqual(["answers differ"]);
    const nearly = judged((row, i) =>
      saying(row, `Thank you so very much for writing to us on this lovely day number ${i % 10}!`, 0),
    );
    expect(failed(nearly)).toEqual(["answers differ"]);
    // An answer that is right for many questions is what a rule asks for.
    expect(failed(judged((row) => saying(row, "Within 60 days.", 1)))).toEqual([]);
    const half = judged((row, i) => saying(row, i % 2 === 0 ? "No." : `Answer ${i}, ${"x".repeat(i)}`, 0));
    expect(failed(half)).toEqual(["answers differ"]);
    expect(failed(judged((row, i) => saying(row, i % 5 === 0 ? "No." : `${i * i} boots`, 0)))).toEqual([]);
  });

  test("private data in an answer, unless question, policy or base had it", () => {
    const mail = "Write to jo.field@example.com for that.";
    const row = good.answers.find(({ tuned }) => tuned.finish !== undefined)!;
    const told = (answer: AnswerRow, policy = "") => failed(answerPreconditions([answer], policy, finders));
    const name = "answers give nothing private away";
    expect(told(saying(row, mail, 1))).toContain(name);
    expect(told({ ...saying(row, mail, 1), prompt: "I am jo.field@example.com" })).not.toContain(name);
    expect(told(saying(row, mail, 1), "R1 Mail jo.field@example.com")).not.toContain(name);
    expect(told({ ...saying(row, mail, 1), base: { ...row.base, output: mail } })).not.toContain(name);
  });
});

describe("what the training rows show", () => {
  const chat = (question: string, answer: string, line: number, group?: string): TrainingRow => ({
    id: String(line),
    group: group ?? String(line),
    file: "train.jsonl",
    line,
    content: {
      messages: [
        { role: "user", content: question },
        { role: "assistant", content: answer },
      ],
    },
    raw: group === undefined ? {} : { transcript: group },
  });
  const cases = readCaseTexts(Object.values(good.task.paths.cases), "transcript");
  const found = (own: TrainingRow[], replay: TrainingRow[] = []) =>
    dataPreconditions({ own, replay, cases, groupKey: "transcript" }, finders);

  test("nothing against clean rows; what was looked at is stated", () => {
    const [held, secret] = found([chat("Do boots run large?", "Yes, by half a size.", 1)]);
    expect([held!.outcome, secret!.outcome]).toEqual(["pass", "pass"]);
    expect(held!.evidence).toContain(`1 rows held against ${cases.length} cases`);
  });

  test.each([
    ["exact", "How long can I return red sneakers??", undefined, /train\.jsonl:7 \(leakage-exact\)/],
    ["near", "How long can I return red sneakers, OK?", undefined, /leakage-near/],
    ["group", "Something else entirely", "sneakers-red", /leakage-group/],
  ])("a case that was trained on: %s", (_, question, group, evidence) => {
    const rows = [chat("Do boots run large?", "Yes.", 6), chat(question, "Within 60 days.", 7, group)];
    expect(failed(found(rows))).toEqual(["no case was trained on"]);
    expect(found(rows)[0]!.evidence).toMatch(evidence);
    expect(failed(found([rows[0]!], [rows[1]!]))).toEqual(["no case was trained on"]);
  });

  test("unmasked personal data and secrets, and no word of them in the evidence", () => {
    const rows = [
      chat("My mail is jo.field@example.com", "Thank you.", 2),
      chat("My password is hunter2!x", "Please do not share it.", 3),
    ];
    expect(failed(found(rows))).toEqual(["nothing private was trained on"]);
    expect(found(rows)[1]!.evidence).toBe(
      "found 2 times: train.jsonl:2 (personal-data), train.jsonl:3 (secret)",
    );
  });

  test("rows that are gone leave the question open", () => {
    const [held] = dataPreconditions({ lost: "train.jsonl changed" }, finders);
    expect(held).toEqual({
      name: "no case was trained on",
      outcome: "inconclusive",
      evidence: "train.jsonl changed",
    });
  });
});
