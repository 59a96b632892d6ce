import { text } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { CriterionResult } from "../../src/evaluate/decision/decide.ts";
import { chart } from "../../src/report/chart.ts";
import type { Markup } from "../../src/report/markup.ts";
import { domainOf, intervalChart } from "../../src/report/sections/criteria.ts";
import { shareChart } from "../../src/report/sections/slices.ts";
import { trainingSection } from "../../src/report/sections/training.ts";
import { data } from "./fixture.ts";

const dom = ({ source }: Markup) => parseHTML(`<html><body>${source}</body></html>`).document;
/** Position of a dot in the drawing's units. */
const placesOf = (markup: Markup) =>
  [...dom(markup).querySelectorAll("circle")].map((circle) => Number(circle.getAttribute("cx")));

const criterion = data.verdict.criteria[0]!;

describe("the interval chart", () => {
  const placed: CriterionResult = { ...criterion, estimate: 0.5, ci: [0.25, 0.75], bar: 0, effect: 0.2 };

  test("is where its numbers say: 10 to 290 for -1 to 1", () => {
    const svg = intervalChart(placed, [-1, 1]);
    expect(placesOf(svg)).toEqual([220]);
    expect(svg.source).toContain('d="M185,');
    expect(svg.source).toContain("L255,");
    const rules = [...dom(svg).querySelectorAll('[aria-label="rule"] line')];
    // zero, what must be exceeded, the planned effect
    expect(rules.map((line) => Number(line.getAttribute("x1")))).toEqual([150, 150, 178]);
  });

  test("says its numbers to those who do not see it", () => {
    expect(intervalChart(placed, [-1, 1]).source).toContain(
      'aria-label="Difference +50.0, interval +25.0 to +75.0, asked: above 0.0, planned effect +20.0"',
    );
  });

  test("differences of one unit share an axis that holds everything drawn", () => {
    const { criteria } = data.verdict;
    const entropy = criteria.find(({ scorer }) => scorer === "cross-entropy")!;
    expect(domainOf(criteria, criterion)).toEqual(domainOf(criteria, criteria[1]!));
    expect(domainOf(criteria, criteria.at(-1)!)).not.toEqual(domainOf(criteria, criterion));
    expect(domainOf(criteria, entropy)).not.toEqual(domainOf(criteria, criterion));
    for (const of of criteria) {
      const [low, high] = domainOf(criteria, of);
      for (const value of [...of.ci, of.estimate, 0]) {
        expect(value).toBeGreaterThan(low);
        expect(value).toBeLessThan(high);
      }
    }
  });
});

test("shares are on a scale from 0 to 100 %: 8 to 198", () => {
  expect(placesOf(shareChart(0.5, 1, 12))).toEqual([103, 198]);
  expect(shareChart(0, 1, 1).source).not.toContain("NaN");
});

describe("training curves", () => {
  test("need two losses, and pass over what is not finite", () => {
    expect(trainingSection([{ step: 1, train_loss: 2 }])).toBeUndefined();
    const section = trainingSection([
      { step: 1, train_loss: 2 },
      { step: 2, train_loss: Number.NaN },
      { step: 4, train_loss: 1, valid_loss: 1.5 },
    ])!.source;
    expect(section).toContain("lowest validation loss 1.500 at step 4");
    expect(section).not.toContain("NaN");
  });

  test("loss in two widths, learning rate and gradient norm", () => {
    const { source } = trainingSection(data.metrics!)!;
    expect(source.split("<svg").length - 1).toBe(4);
    expect(source).toContain("Learning rate over the steps, between 0.0000167 and 0.00100");
  });
});

test("texts in a chart stay texts", () => {
  const hostile = '"><script>alert(1)</script>';
  const drawing = chart(hostile, { marks: [text([1], { x: 1, y: 1, text: () => hostile })] });
  expect(drawing.source.split("&lt;script&gt;")).toHaveLength(2);
  const document = dom(drawing);
  expect(document.querySelector("script")).toBeNull();
  expect(document.querySelector("svg")!.getAttribute("aria-label")).toBe(hostile);
});
