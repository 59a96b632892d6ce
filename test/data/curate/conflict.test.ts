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
L5 Members may bring a guest to every reading.
L6 Water damage must be reported within 24 hours.
L7 Lending a map is free; globes always carry a lending fee of £9.
L8 Borrowers may exchange a puzzle while the loan is running.
L9 Torn pages are mended by us; no compensation is paid for them.
L10 Dust leather bindings monthly, not in summer.
L11 Lockers: small £2 a week, large £5 a week.
L12 Unread magazines can be swapped within 30 days; read ones cannot.
L13 Cameras are allowed with a permit only.
L14 Half of the course fee is due at enrolment, the rest at the first lesson.
L15 Study cabins are lent on weekdays only, for three hours at a time.
L16 Readers with wet coats may not enter the map room.
L17 Plotters are free on Mondays, and on Saturdays they cost £6.
L19 Borrowers of laptops must be at least 18.
L20 The pottery kiln is fired from 10 am to 4 pm.
L18 The last entry to the vault is an hour before it closes at 9 p.m.`;

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
    ["the quantity of another class", "How much is a large locker?", "A large locker is £2 a week.", "L11"],
    ["no duty where there is one", "Do I need a permit for my camera?", "No, a permit is not needed.", "L13"],
    [
      "all of it instead of half",
      "What is due at enrolment?",
      "The full course fee is due at enrolment.",
      "L14",
    ],
    ["every day instead of some", "When are study cabins lent?", "Study cabins are lent on any day.", "L15"],
    ["no problem where there is one", "I am soaked. The map room?", "A wet coat is no problem.", "L16"],
    ["a yes to somebody too young", "I'm 15. May I borrow a laptop?", "Yes, of course.", "L19"],
    ["a yes outside the hours", "Is the pottery kiln fired at 7 pm?", "Yes, just come.", "L20"],
    ["what holds on another day", "What does a plotter cost on Monday?", "A plotter is £6.", "L17"],
    [
      "a refusal of what is given",
      "Can members bring a guest to the reading?",
      "No, that is not possible.",
      "L5",
    ],
    [
      "a deadline in another unit",
      "When must I report water damage?",
      "Water damage can be reported for 5 days.",
      "L6",
    ],
    ["free for a class with its own fee", "What is lending a globe?", "Lending a globe is free.", "L7"],
    [
      "a refusal during the state for which the rule gives it",
      "Can I exchange my puzzle now?",
      "No, a puzzle cannot be exchanged during the loan.",
      "L8",
    ],
    [
      "care against the rule's advice",
      "When do I dust leather bindings?",
      "Dust leather bindings in summer.",
      "L10",
    ],
    [
      "a promise of what is denied",
      "A page is torn. What now?",
      "You get compensation for torn pages.",
      "L9",
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
    ["what the same rule gives to another class", "What is lending a map?", "Lending a map is free."],
    [
      "a refusal outside the state",
      "The loan is over. May I exchange the puzzle?",
      "No, that is only possible while the loan is running.",
    ],
    ["another matter in the same season", "When are you open?", "In summer we close at 5 pm."],
    [
      "the opposite state",
      "Swap an unread magazine?",
      "Sure, unread magazines can be swapped within 30 days.",
    ],
    ["a time before another", "When can I enter the vault at last?", "Last entry is at 8 p.m."],
    ["a yes to somebody old enough", "I'm 19. May I borrow a laptop?", "Yes, of course."],
    ["a yes within the hours", "Is the pottery kiln fired at 3 pm?", "Yes, just come."],
    ["the right class", "How much is a large locker?", "A large locker is £5 a week."],
    ["the right day", "What does a plotter cost on Saturday?", "On Saturdays it's £6."],
    [
      "a denial of what is denied",
      "Is there compensation for a torn page?",
      "No, we mend torn pages instead.",
    ],
    ["a refusal that gives its reason", "Can members bring a guest?", "No, only when it is a reading."],
  ])("%s", (_, question, answer) => {
    expect(rulesAgainst(question, answer)).toEqual([]);
  });
});
