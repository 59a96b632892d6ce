import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conflicts } from "../../../src/data/curate/policy/conflict.ts";
import { policyText } from "../../../src/data/curate/policy/policy.ts";
import { parseRows } from "../../../src/data/rows.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { parsePolicy } from "../../../src/task/policy.ts";

// A library's lending desk: nothing here was used to build the detectors.
const POLICY = `L1 Books can be kept for 21 days; audio discs can be kept for 7 days.
L2 Reminders cost £2 each; renewals on the website are free of charge.
L3 Fines are paid at the desk, by card only.
L4 Books marked "reference" stay in the house: they cannot be borrowed.
L5 Members may bring a guest to every reading.`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lorafit-conflict-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rulesAgainst(question: string, answer: string): (string | undefined)[] {
  const file = join(folder, "rows.jsonl");
  const messages = [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ];
  writeFileSync(file, `${JSON.stringify({ messages })}\n`);
  const { rows } = parseRows(chat.rows, [file], { groupKey: undefined });
  return conflicts(rows, policyText(parsePolicy(POLICY, "policy.md"), "policy.md")).map(({ rule }) => rule);
}

describe("an answer that contradicts a rule", () => {
  it.each([
    ["another quantity", "How long can I keep audio discs?", "You can keep audio discs for 12 days.", "L1"],
    [
      "a fee for what is free",
      "Do you charge for renewals?",
      "Renewals on the website cost a fee of £3.",
      "L2",
    ],
    [
      "anything where the rule says only",
      "Can I pay my fines in coins?",
      "Sure, fines can be paid by any means you like.",
      "L3",
    ],
    ["what is named in quotes", "May I borrow the reference atlas?", "Of course, take it home.", "L4"],
    [
      "a refusal of what is given",
      "Can members bring a guest to the reading?",
      "No, that is not possible.",
      "L5",
    ],
  ])("%s", (_, question, answer, rule) => {
    expect(rulesAgainst(question, answer)).toEqual([rule]);
  });
});

describe("an answer that contradicts no rule", () => {
  it.each([
    [
      "the quantity of another part of the rule",
      "How long can I keep a book?",
      "Books can be kept for 21 days.",
    ],
    ["what is free", "Do you charge for renewals?", "No, renewals on the website are free of charge."],
    ["what only is", "Can I pay my fines in coins?", "Sorry, fines are paid by card only."],
    ["a refusal that gives its reason", "Can members bring a guest?", "No, only when it is a reading."],
  ])("%s", (_, question, answer) => {
    expect(rulesAgainst(question, answer)).toEqual([]);
  });
});
