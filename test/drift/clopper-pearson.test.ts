import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { expectClose } from "../expect-close.ts";

const { clopperPearsonUpper } = await import(
  pathToFileURL(`${import.meta.dirname}/../long/lib/clopper-pearson.mjs`).href
);

/** scipy 1.17: stats.beta.ppf(1 - alpha, hits + 1, trials - hits). */
test.each([
  [0, 2000, 0.05, 0.0014967448951882837],
  [1, 100, 0.05, 0.046559811453538935],
  [37, 2000, 0.05, 0.02426653037719772],
  [110, 2000, 0.05, 0.06413230499605166],
  [3, 10, 0.025, 0.6524528500599973],
  [99, 100, 0.05, 0.9994871985837377],
])("the upper bound of %i in %i at %f", (hits, trials, alpha, expected) => {
  expectClose([clopperPearsonUpper(hits, trials, alpha)], [expected], 1e-9);
});

test("when all hit the bound is 1", () => {
  expect(clopperPearsonUpper(7, 7)).toBe(1);
});
