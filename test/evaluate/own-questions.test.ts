import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { AnswerRow } from "../../src/evaluate/answers/answer-row.ts";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { type Fit, type FitTable, fitOf } from "../../src/evaluate/preconditions/deal.ts";
import { answersFitQuestions } from "../../src/evaluate/preconditions/own-questions.ts";
import { createRng } from "../../src/rng.ts";
import { loadTask } from "../../src/task/load.ts";
import { expectClose } from "../expect-close.ts";
import { taskFolder } from "../task/fixture.ts";

interface Counted {
  tables: { passes: number[][]; clusters: number[][] }[];
  expected: Fit;
}

test("shares and p are those of every deal, counted (fixtures/deal.py)", () => {
  const url = new URL("fixtures/deal.json", import.meta.url);
  const { tables, expected } = JSON.parse(readFileSync(url, "utf8")) as Counted;
  const made = tables.map(({ passes, clusters }) => ({
    passes: passes.map((row) => Uint8Array.from(row)),
    clusters,
  }));
  const { own, dealt, p } = fitOf(made, 7, 40_000);
  expectClose([own], [expected.own], 1e-12);
  // Five standard errors of 40,000 draws; a draw's share has a standard deviation of at most 0.5 / sqrt(13).
  expectClose([dealt], [expected.dealt], (5 * 0.5) / Math.sqrt(13 * 40_000) / expected.dealt);
  expectClose([p], [expected.p], (5 * Math.sqrt((1 - expected.p) / expected.p)) / Math.sqrt(40_000));
  expect(fitOf(made, 7, 500)).toEqual(fitOf(made, 7, 500));
});

/** Clusters of one to three questions; answers of a cluster are alike, and have nothing to do with what is asked. */
function unrelated(clusters: number, seed: string): FitTable {
  const rng = createRng(seed);
  const members = Array.from({ length: clusters }, () => 1 + rng.int(3));
  const alike = (): number[] => members.flatMap((size) => new Array<number>(size).fill(rng.int(4)));
  const [kinds, said] = [alike(), alike()];
  let at = 0;
  return {
    passes: kinds.map((kind) => Uint8Array.from(said, (text) => (text === kind ? 1 : 0))),
    clusters: members.map((size) => Array.from({ length: size }, () => at++)),
  };
}

test("answers that have nothing to do with their questions pass about as often as the level says", () => {
  const sets = 400;
  let passed = 0;
  for (let i = 0; i < sets; i++) if (fitOf([unrelated(30, `set ${i}`)], i, 199).p <= 0.05) passed++;
  // 5 % and three standard errors of 400 sets.
  expect(passed / sets).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / sets));
  expect(passed).toBeGreaterThan(0);
});

const COLOURS = ["red", "blue", "black", "white"];

/** A task with `count` questions on the price in turn of four colours, or of one; and what a model says to each. */
function judged(
  count: number,
  say: (i: number) => string,
  colours = COLOURS,
  check?: object | ((i: number) => object),
) {
  const colour = (i: number) => colours[i % colours.length]!;
  const rows = Array.from({ length: count }, (_, i) => ({
    id: `d${i}`,
    messages: [{ role: "user", content: `What do the ${colour(i)} ones cost, number ${i}?` }],
    checks: [typeof check === "function" ? check(i) : (check ?? { contains: [colour(i)] })],
  }));
  const task = loadTask(
    taskFolder({ "cases/domain.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join("") }),
  );
  const cases = readCases(task);
  const answers = cases
    .filter(({ pack }) => pack === "domain")
    .map(({ id }, i) => ({ id, tuned: { output: say(i), score: 0, tokens: 1, finish: "stop" } }));
  return answersFitQuestions(task, cases, answers as unknown as AnswerRow[]);
}

const own = (i: number) => `The ${COLOURS[i % 4]} ones.`;
const shuffled = (i: number) => `The ${COLOURS[(i * 7 + Math.floor(i / 4)) % 4]} ones.`;

test("answers to the point pass; the same answers at other questions fail, with all numbers in the evidence", () => {
  expect(judged(40, own)).toEqual({
    name: "answers fit their questions",
    outcome: "pass",
    evidence: expect.stringMatching(
      /^counting 40 of domain and checks on the text alone, 100\.0 % of the answers pass at their own question, 25\.\d % when dealt out .* p = 0\.0001, at most 0\.01 was asked$/,
    ),
  });
  const { outcome, evidence } = judged(100, shuffled);
  expect(outcome).toBe("fail");
  expect(evidence).toMatch(/ 26\.0 % of the answers .* p = 0\.[3-9]/);
});

test("few questions can pass, and are else too few to tell", () => {
  expect(judged(12, own).outcome).toBe("pass");
  expect(judged(99, shuffled)).toMatchObject({
    outcome: "inconclusive",
    evidence: expect.stringContaining("99 clusters are too few to tell: at least 100 are needed"),
  });
});

test("not applicable where all questions ask for the same, or by more than the text", () => {
  expect(judged(40, own, ["red"]).outcome).toBe("not applicable");
  const choice = { choice: { good: "60 days", bad: ["30 days"] } };
  expect(judged(40, own, COLOURS, choice).outcome).toBe("not applicable");
});

/** Each question forbids its own wording, which no right answer contains. */
const forbids = (i: number) => ({ not_contains: [`wrong ${i}`] });

test("right answers that pass at every question are no failure: such checks cannot tell", () => {
  expect(judged(200, own, COLOURS, forbids)).toEqual({
    name: "answers fit their questions",
    outcome: "not applicable",
    evidence: "in no pack does it matter to the checks which question an answer is to",
  });
  // Four answers say what another question forbids.
  const slips = (i: number) => (i % 50 === 0 ? `The wrong ${i + 1} ones.` : own(i));
  const { outcome, evidence } = judged(200, slips, COLOURS, forbids);
  expect(outcome).toBe("not applicable");
  expect(evidence).toMatch(/100\.0 % .* 100\.0 % .* p = .*; the checks accept nearly every answer/);
});

test("answers that pass nowhere, or one answer to everything, are left to the criteria", () => {
  expect(judged(200, () => "Hello.").outcome).toBe("not applicable");
  expect(judged(200, () => "The red ones.").outcome).toBe("not applicable");
});

test("the shares count the packs that can tell, and the checks on the text", () => {
  const mixed = (i: number) => ({ contains: [COLOURS[i % 4]!] });
  const { evidence } = judged(40, (i) => (i % 2 === 0 ? own(i) : "Hello."), COLOURS, mixed);
  expect(evidence).toMatch(/^counting 40 of domain .* 50\.0 % of the answers pass at their own question/);
});

test("of a large pack some clusters are taken", () => {
  const began = performance.now();
  expect(judged(4000, own).outcome).toBe("pass");
  // All 16 million pairs would take minutes.
  expect(performance.now() - began).toBeLessThan(20_000);
});
