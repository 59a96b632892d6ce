import { expect, it } from "vitest";
import { groupsByLength } from "../../src/export/batch.ts";
import { pickToken } from "../../src/export/generate.ts";
import { createRng } from "../../src/rng.ts";

const logits = Float32Array.of(0, Math.log(2), Math.log(5), Math.log(2));

it("takes the first of the largest logits at temperature 0", () => {
  expect(pickToken(Float32Array.of(1, 3, 3), 0, createRng(1))).toBe(1);
});

it("draws in proportion to softmax(logits / temperature)", () => {
  for (const [temperature, weights] of [
    [1, [1, 2, 5, 2]],
    [0.5, [1, 4, 25, 4]],
  ] as const) {
    const rng = createRng("draws");
    const counts = [0, 0, 0, 0];
    const n = 20_000;
    for (let i = 0; i < n; i++) counts[pickToken(logits, temperature, rng)]!++;
    const total = weights.reduce((sum: number, w) => sum + w, 0);
    // Five standard errors.
    for (const [i, w] of weights.entries())
      expect(Math.abs(counts[i]! / n - w / total)).toBeLessThan((5 * 0.5) / Math.sqrt(n));
  }
});

it("groups rows of similar length, every row once", () => {
  expect(groupsByLength([5, 1, 9, 1, 4], 2)).toEqual([[1, 3], [4, 0], [2]]);
});
