import { expect, test } from "vitest";
import type { AnswerRow } from "../../src/evaluate/answers/answer-row.ts";
import { wrongScores } from "../../src/evaluate/answers/rescore.ts";
import { scenario } from "./scenario.ts";

const sound = await scenario(60);
const wrong = (answers: readonly AnswerRow[]) => wrongScores(sound.task, sound.cases, answers);

/** The answers with one changed: the first for which `change` returns a row. */
function changed(change: (row: AnswerRow) => AnswerRow | undefined): { id: string; answers: AnswerRow[] } {
  const index = sound.answers.findIndex((row) => change(row) !== undefined);
  const answers = sound.answers.map((row, i) => (i === index ? change(row)! : row));
  return { id: sound.answers[index]!.id, answers };
}

test("recorded scores are those that the answers give", async () => {
  expect(await wrong(sound.answers)).toEqual([]);
});

test.each<[string, (row: AnswerRow) => AnswerRow | undefined]>([
  [
    "a pass scored as a failure",
    (row) =>
      row.tuned.output !== undefined && row.tuned.score === 1
        ? { ...row, tuned: { ...row.tuned, score: 0 } }
        : undefined,
  ],
  [
    "another text under the same scores",
    (row) =>
      row.tuned.output !== undefined && row.tuned.score === 1
        ? { ...row, tuned: { ...row.tuned, output: "Something else entirely." } }
        : undefined,
  ],
  [
    "one kind of check scored otherwise",
    (row) =>
      row.tuned.output !== undefined && row.tuned.scores !== undefined
        ? {
            ...row,
            tuned: {
              ...row.tuned,
              scores: Object.fromEntries(
                Object.entries(row.tuned.scores).map(([kind, score]) => [kind, 1 - score]),
              ),
            },
          }
        : undefined,
  ],
])("%s is named", async (_name, change) => {
  const { id, answers } = changed(change);
  expect(await wrong(answers)).toEqual([`${id}: tuned`]);
});

test.each([
  ["kind", "text"],
  ["slice", "easy ones"],
  ["critical", true],
  ["prompt", "What did the case ask?"],
])("a row with another %s than its case is named", async (key, value) => {
  const { id, answers } = changed((row) => ({ ...row, [key]: value }));
  expect(await wrong(answers)).toEqual([`${id}: case`]);
});

test("a failure of the base scored as a pass is named", async () => {
  const { id, answers } = changed((row) =>
    row.base.failed !== undefined && row.base.output !== undefined
      ? { ...row, base: { ...row.base, score: 1, scores: {} } }
      : undefined,
  );
  expect(await wrong(answers)).toEqual([`${id}: base`]);
});
