import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutOffAnswers } from "../../../src/data/curate/findings/cut-off.ts";
import { exactDuplicates, nearDuplicates } from "../../../src/data/curate/findings/duplicates.ts";
import { foreignLanguages } from "../../../src/data/curate/findings/language.ts";
import { unusualLengths } from "../../../src/data/curate/findings/length.ts";
import { noveltyOf } from "../../../src/data/curate/scope/novelty.ts";
import { termsOf } from "../../../src/data/curate/text/terms.ts";
import type { TrainingRow } from "../../../src/data/row-format.ts";
import { parseRows } from "../../../src/data/rows.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lorafit-findings-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function rowsOf(chats: readonly (readonly [string, string])[]): readonly TrainingRow[] {
  const file = join(folder, "rows.jsonl");
  const lines = chats.map(([question, answer]) => ({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
  }));
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return parseRows(chat.rows, [file], { groupKey: undefined }).rows;
}

const FRUIT = ["apples", "pears", "plums", "cherries", "figs", "grapes", "limes", "melons", "dates", "kiwis"];
/** Thirty rows that are alike but for their subject. */
const USUAL = FRUIT.flatMap((fruit): [string, string][] => [
  [`Do you sell ${fruit} in the shop today?`, `Yes, ${fruit} are on the left shelf beside the door.`],
  [`What is the price of the ${fruit} please?`, `A kilo of ${fruit} costs two pounds this week.`],
  [`Could you bring ${fruit} to my home?`, `We bring ${fruit} to you on Tuesdays for a small fee.`],
]);

describe("answers that break off", () => {
  const lines = (answer: string) =>
    cutOffAnswers(rowsOf([...USUAL, ["How do I store them?", answer]])).map(({ line }) => line);
  it.each([
    ["a word that needs another", "Keep them in the"],
    ["no full stop where all others have one", "Keep them in a dry box and put the paper in a padded"],
  ])("%s", (_, answer) => expect(lines(answer)).toEqual([31]));
  it.each([
    ["a finished sentence", "Keep them in a dry box."],
    ["a signature", "Keep them in a dry box. Kind regards, Marta"],
    ["a short reply", "In a dry box"],
    ["casual writing", "keep them in a dry box and put some paper between"],
  ])("not %s", (_, answer) => expect(lines(answer)).toEqual([]));
});

it("rows with one answer nearly repeat each other at a lower similarity of their questions", () => {
  const answer = "No, over 20 kg it comes by a carrier for £25, on a day that we agree with you.";
  const rows = rowsOf([
    ["My desktop and two big monitors come to 27kg, is delivery still free?", answer],
    ["My desktop and two large monitors come to 27 kg, is the delivery still free?", answer],
    ["Can I have a very heavy garden bench brought up to my flat?", answer],
  ]);
  const none = () => false;
  const found = nearDuplicates(rows, exactDuplicates(rows, none), new Set(), none);
  expect(found.map(({ line, other }) => [line, other?.line])).toEqual([[2, 1]]);
});

it("a short English question whose words other rows use is in no other language", async () => {
  const rows = rowsOf([
    ...USUAL,
    ["kilo of dates in bring home?", "Yes, on Tuesdays for a small fee."],
    ["Was kosten die Birnen bei Ihnen heute?", "Ein Kilo Birnen kostet diese Woche zwei Pfund."],
  ]);
  expect((await foreignLanguages(rows)).map(({ line }) => line)).toEqual([32]);
});

it("a length is unusual only when it is four times more or less than usual", () => {
  const rows = rowsOf([
    ...USUAL,
    [
      "Do you sell quinces in the shop today or will they come later in the season?",
      "Not yet, they come in October, when the trees by the river are picked at last.",
    ],
    ["Melons?", "Yes."],
  ]);
  expect(unusualLengths(rows).map(({ line }) => line)).toEqual([32]);
});

it("novelty: an exchange about something else uses words that no other exchange uses", () => {
  const exchange = ([question, answer]: readonly [string, string]) => ({
    asked: termsOf(question),
    said: termsOf(answer),
  });
  const foreign = exchange(["How long do I boil an egg?", "Five minutes in boiling water, then cold water."]);
  const usual = USUAL.map(exchange);
  const novelty = noveltyOf([...usual, foreign], termsOf("fruit, prices, delivery"));
  const found = novelty(foreign);
  expect(found.deviations).toBeGreaterThan(3);
  expect([found.question, found.answer, found.ample]).toEqual([1, 1, true]);
  expect(Math.max(...usual.map((own) => novelty(own).deviations))).toBeLessThan(1.5);
});
