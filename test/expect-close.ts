import { expect } from "vitest";

/** Fails on NaN; relative to the largest expected entry; names the worst index. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = "",
): void {
  expect(actual.length, `${what} length`).toBe(expected.length);
  let largest = 1e-30;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]!));
  let worst = 0;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / largest;
    if (!(error <= worst)) {
      worst = error;
      at = i;
    }
    if (Number.isNaN(error)) break;
  }
  const message = `${what} worst at ${at}: ${actual[at]} against ${expected[at]}, relative error ${worst}, allowed ${tolerance}`;
  expect(worst <= tolerance, message).toBe(true);
}

/** |actual - expected| / |expected|, Euclidean; NaN anywhere gives NaN, which is below nothing. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [apart, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    apart += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(apart / size);
}
