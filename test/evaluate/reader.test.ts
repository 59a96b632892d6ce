import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { isChat } from "../../src/evaluate/cases/kinds/chat.ts";
import { judgeCheck } from "../../src/evaluate/checks/index.ts";
import { loadTask } from "../../src/task/load.ts";

/** An answer of some model to an AwesomeShoes case, and whether a person who read both and the policy calls it right. */
interface Read {
  source: string;
  id: string;
  text: string;
  finish?: "stop" | "length";
  right: boolean;
}

const task = loadTask(new URL("../../datasets/awesomeshoes/", import.meta.url).pathname);
const cases = new Map(
  readCases(task)
    .filter(isChat)
    .map((item) => [item.id, item]),
);
const read: Read[] = readFileSync(new URL("fixtures/reader.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const passes = ({ id, text, finish }: Read): boolean => {
  const { body, row } = cases.get(id)!;
  const answer = { id, text, finish, options: new Map<string, number>(), row };
  const context = { rules: task, scripts: new Map(), groups: new Map() };
  return body.checks.every((check) => judgeCheck(check, answer, context).passed);
};

test("the checks of AwesomeShoes agree with a reader on at least 97 % of the answers, and of each model", () => {
  expect(read.length).toBeGreaterThanOrEqual(200);
  const wrong = read.filter((answer) => passes(answer) !== answer.right);
  expect(wrong.length / read.length, JSON.stringify(wrong, null, 1)).toBeLessThanOrEqual(0.03);
  for (const source of new Set(read.map(({ source }) => source))) {
    const own = read.filter((answer) => answer.source === source);
    const apart = own.filter((answer) => passes(answer) !== answer.right);
    expect(apart.length / own.length, source).toBeLessThanOrEqual(0.07);
  }
});

test("the answers are right and wrong, of several models, and of most cases' rules", () => {
  const right = read.filter((answer) => answer.right).length;
  expect(Math.min(right, read.length - right)).toBeGreaterThanOrEqual(80);
  expect(new Set(read.map(({ source }) => source)).size).toBeGreaterThanOrEqual(5);
  expect(new Set(read.map(({ id }) => cases.get(id)!.rule)).size).toBe(26);
});
