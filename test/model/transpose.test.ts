import { expect, test } from "vitest";
import { transpose } from "../../src/model/transpose.ts";

test("a matrix stored as [in, out] is read as [out, in]", () => {
  // In 3, out 2: stored row i holds the weights of input i.
  const stored = Float32Array.of(1, 10, 2, 20, 3, 30);
  expect([...transpose(stored, [2, 3])]).toEqual([1, 2, 3, 10, 20, 30]);
});
