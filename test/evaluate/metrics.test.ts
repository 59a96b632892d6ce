import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chrf } from "../../src/evaluate/metrics/chrf.ts";
import { classification } from "../../src/evaluate/metrics/classification.ts";
import { ndcgAt, recallAt, reciprocalRank } from "../../src/evaluate/metrics/ranking.ts";
import { rougeL } from "../../src/evaluate/metrics/rouge-l.ts";
import { createRng } from "../../src/rng.ts";
import { expectClose } from "../expect-close.ts";

/** rouge-score, sacrebleu and scikit-learn: fixtures/metrics.py. */
const expected = JSON.parse(readFileSync(new URL("fixtures/metrics.json", import.meta.url), "utf8")) as {
  texts: { reference: string; candidate: string; rouge_l: number; chrf: number }[];
  classification: {
    truth: string[];
    predicted: string[];
    accuracy: number;
    macro_f1: number;
    precision: number[];
    recall: number[];
    f1: number[];
    support: number[];
  }[];
  ranking: {
    graded: number[][];
    ndcg_5: number[];
    ndcg_20: number[];
    single: number[][];
    mrr: number;
    recall_5: number;
  };
};
/** Both sides compute in float64, in another order of summation. */
const FLOAT64 = 1e-12;
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("texts", () => {
  test.each([
    ["rouge_l", rougeL],
    ["chrf", chrf],
  ] as const)("%s is that of the reference implementation", (name, metric) => {
    const { texts } = expected;
    expect(texts.length).toBeGreaterThan(50);
    expectClose(
      texts.map(({ reference, candidate }) => metric(reference, candidate)),
      texts.map((text) => text[name]),
      FLOAT64,
      name,
    );
  });

  test("property: 1 for the same text, within [0, 1], and ROUGE-L is symmetric", () => {
    const rng = createRng(3);
    const word = () => ["days", "boots", "60", "size", "box"][rng.int(5)]!;
    for (let i = 0; i < 200; i++) {
      const [a, b] = [0, 1].map(() => Array.from({ length: 1 + rng.int(9) }, word).join(" "));
      for (const metric of [rougeL, chrf]) {
        expectClose([metric(a!, a!)], [1], FLOAT64);
        expect(metric(a!, b!)).toBeGreaterThanOrEqual(0);
        expect(metric(a!, b!)).toBeLessThanOrEqual(1 + FLOAT64);
      }
      expectClose([rougeL(a!, b!)], [rougeL(b!, a!)], FLOAT64);
    }
  });
});

test.each(expected.classification)("classification of %# is scikit-learn's", (set) => {
  const rows = set.truth.map((truth, i) => ({ truth, predicted: set.predicted[i]! }));
  const { accuracy, macroF1, labels } = classification(rows);
  expectClose([accuracy, macroF1], [set.accuracy, set.macro_f1], FLOAT64);
  for (const key of ["precision", "recall", "f1", "support"] as const)
    expectClose(
      labels.map((label) => label[key]),
      set[key],
      FLOAT64,
      key,
    );
});

describe("ranking", () => {
  const { graded, single, ndcg_5, ndcg_20, mrr, recall_5 } = expected.ranking;

  test("nDCG is scikit-learn's, a query without a relevant document included", () => {
    const at = (k: number) => graded.map((gains) => ndcgAt(gains, gains, k));
    expectClose(at(5), ndcg_5, FLOAT64);
    expectClose(at(20), ndcg_20, FLOAT64);
  });

  test("MRR and recall@k are scikit-learn's", () => {
    expectClose([meanOf(single.map(reciprocalRank))], [mrr], FLOAT64);
    expectClose([meanOf(single.map((gains) => recallAt(gains, gains, 5)))], [recall_5], FLOAT64);
  });

  test("a relevant document that was not retrieved counts against recall and nDCG", () => {
    expect(recallAt([0, 1], [1, 1], 2)).toBe(0.5);
    // DCG = 1 / log2(3); best order: 1 + 1 / log2(3).
    expectClose([ndcgAt([0, 1], [1, 1], 2)], [1 / Math.log2(3) / (1 + 1 / Math.log2(3))], FLOAT64);
    expect(reciprocalRank([0, 0])).toBe(0);
  });
});
