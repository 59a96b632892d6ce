import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readRows } from "../../src/data/rows.ts";
import { tfidfIn } from "../../src/evaluate/answers/tfidf.ts";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { abstention } from "../../src/evaluate/metrics/abstention.ts";
import { calibration } from "../../src/evaluate/metrics/calibration.ts";
import { kindOf, templateOf } from "../../src/kinds/index.ts";
import { loadTask } from "../../src/task/load.ts";

test("logistic regression on TF-IDF gives scikit-learn's labels (fixtures/tfidf.py)", () => {
  const task = loadTask(templateOf("classify").folder);
  const find = tfidfIn(readRows(kindOf(task).rows, task.paths.train), task);
  if ("reason" in find) throw new Error(find.reason);
  const expected = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures/tfidf.json"), "utf8"));
  expect(readCases(task).map((item) => find(item)!.text)).toEqual(expected);
});

test("rows of one label make no classifier", () => {
  const task = loadTask(templateOf("classify").folder);
  const rows = readRows(kindOf(task).rows, task.paths.train).filter(({ raw }) => raw["label"] === "billing");
  expect(tfidfIn(rows, task)).toEqual({ reason: "the training rows have fewer than two labels" });
});

test("calibration, worked by hand: two bins, each with its share of the error", () => {
  const rows = [
    { confidence: 0.95, right: true },
    { confidence: 0.97, right: false },
    { confidence: 0.5, right: true },
    { confidence: 0.52, right: true },
  ];
  const { ece, bins } = calibration(rows);
  // |0.96 - 0.5| and |0.51 - 1|, each for half of the predictions.
  expect(ece).toBeCloseTo((0.46 + 0.49) / 2, 12);
  expect(bins.map(({ n, accuracy }) => [n, accuracy])).toEqual([
    [2, 1],
    [2, 0.5],
  ]);
});

test("a model that is always as sure as it is right has no error", () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({ confidence: 0.7, right: i < 7 }));
  expect(calibration(rows).ece).toBeCloseTo(0, 12);
  expect(calibration([{ confidence: 1, right: true }]).ece).toBe(0);
});

describe("abstention", () => {
  const rows = [
    { confidence: 0.9, right: true },
    { confidence: 0.6, right: false },
    { confidence: 0.5, right: true },
    { confidence: 0.3, right: false },
  ];
  const costs = { error_cost: 5, hand_over_cost: 1 };

  test("coverage, error and cost, worked by hand; a confidence at the threshold is kept", () => {
    const { chosen, cheapest, calibrated, curve } = abstention(rows, { below: 0.6, ...costs });
    // Two are kept and one of them is wrong: (5 + 2 * 1) / 4.
    expect(chosen).toEqual({ below: 0.6, coverage: 0.5, error: 0.5, cost: 7 / 4 });
    expect(curve[0]).toEqual({ below: 0, coverage: 1, error: 0.5, cost: 10 / 4 });
    // Only the first is kept: three hand-overs.
    expect(cheapest).toEqual({ below: 0.61, coverage: 0.25, error: 0, cost: 3 / 4 });
    expect(curve.at(-1)).toEqual({ below: 1, coverage: 0, error: null, cost: 1 });
    expect(calibrated).toBeCloseTo(0.8, 12);
  });

  test("coverage never rises with the threshold", () => {
    const { curve } = abstention(rows, { below: 0.5, ...costs });
    expect(curve).toHaveLength(101);
    for (const [i, { coverage }] of curve.slice(1).entries())
      expect(coverage).toBeLessThanOrEqual(curve[i]!.coverage);
  });

  test("an error that costs less than a hand-over is never handed over", () => {
    const { cheapest, calibrated } = abstention(rows, { below: 0.5, error_cost: 1, hand_over_cost: 2 });
    expect([cheapest.below, calibrated]).toEqual([0, 0]);
  });
});
