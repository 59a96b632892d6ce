import { test } from "vitest";
import { rmsNorm, rmsNormGrad } from "../../../src/engines/reference/ops/rms-norm.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import {
  at,
  FLOAT32,
  f,
  i,
  type Matrix,
  matrix,
  none,
  outputMatrix,
  p,
  ROUNDED,
  read,
  vector,
} from "./matrix.ts";

/** Rows with several groups of eight columns per thread, with one, and with less than one. */
const SHAPES = [
  [5, 72],
  [2, 7],
  [2, 1100],
] as const;

inEveryOrder("norms", (device) => {
  test.each(SHAPES)("rms_norm of %i rows of %i and its gradient, also in place of its addend", (T, d) => {
    const emulator = device();
    const offset = d === 7 ? 1 : 0;
    const [x, dy, add, w] = [
      matrix(emulator, T, d),
      matrix(emulator, T, d),
      matrix(emulator, T, d),
      vector(emulator, d),
    ];
    const [y, dx, inv] = [outputMatrix(emulator, T, d), outputMatrix(emulator, T, d), emulator.alloc(4 * T)];
    emulator.run("rms_norm", [T], 128, [
      at(y),
      p(inv),
      at(x),
      p(w.pointer),
      i(d),
      i(y.ld),
      i(x.ld),
      f(1e-5),
      f(offset),
    ]);
    const { y: expected, rstd } = rmsNorm({ x: x.values, weight: w.values }, { eps: 1e-5, offset });
    expectClose(read(emulator, y), expected.data, ROUNDED, "y");
    expectClose(emulator.read(inv, T), rstd.data, FLOAT32, "inv");
    const { dx: g } = rmsNormGrad({ dy: dy.values, x: x.values, weight: w.values, rstd }, { offset });
    const given = [at(dy), at(x), p(w.pointer), p(inv)];
    const widths = [i(dy.ld), i(x.ld)];
    emulator.run("rms_norm_grad", [T], 128, [
      at(dx),
      ...given,
      none,
      i(d),
      i(dx.ld),
      ...widths,
      i(0),
      f(offset),
    ]);
    expectClose(read(emulator, dx), g.data, ROUNDED, "dx");
    emulator.run("rms_norm_grad", [T], 128, [
      ...[at(add), ...given, at(add), i(d), i(add.ld), ...widths, i(add.ld), f(offset)],
    ]);
    const sum = g.data.map((v, n) => v + add.values.data[n]!);
    expectClose(read(emulator, add), sum, ROUNDED, "dx + add");
  });

  test.each([
    [5, 3, 40],
    [7, 2, 6],
    [3, 1, 12],
  ])(
    "head_norm of %i rows of %i heads of %i and its gradient, also in place of its addend",
    (T, heads, d) => {
      const emulator = device();
      const [eps, offset, width] = [1e-6, 1, heads * d];
      const matrices = [0, 1, 2].map(() => matrix(emulator, T, width)) as [Matrix, Matrix, Matrix];
      const [x, dy, add] = matrices;
      const w = vector(emulator, d);
      const [y, dx] = [outputMatrix(emulator, T, width), outputMatrix(emulator, T, width)];
      const inverse = emulator.alloc(4 * T * heads);
      const grid = [Math.ceil((T * heads) / 4)] as const;
      const shape = [i(T), i(heads), i(d)];
      emulator.run("head_norm", grid, 128, [
        ...[at(y), p(inverse), at(x), p(w.pointer), ...shape, i(y.ld), i(x.ld), f(eps), f(offset)],
      ]);
      const { y: expected, rstd } = rmsNorm({ x: x.values, weight: w.values }, { eps, offset });
      expectClose(read(emulator, y), expected.data, ROUNDED, "y");
      expectClose(emulator.read(inverse, T * heads), rstd.data, FLOAT32, "rstd");
      const { dx: g } = rmsNormGrad({ dy: dy.values, x: x.values, weight: w.values, rstd }, { offset });
      const given = [at(dy), at(x), p(w.pointer), p(inverse)];
      const widths = [i(dy.ld), i(x.ld)];
      emulator.run("head_norm_grad", grid, 128, [
        ...[at(dx), ...given, none, ...shape, i(dx.ld), ...widths, i(0), f(offset)],
      ]);
      expectClose(read(emulator, dx), g.data, ROUNDED, "dx");
      emulator.run("head_norm_grad", grid, 128, [
        ...[at(add), ...given, at(add), ...shape, i(add.ld), ...widths, i(add.ld), f(offset)],
      ]);
      const sum = g.data.map((v, n) => v + add.values.data[n]!);
      expectClose(read(emulator, add), sum, ROUNDED, "dx + add");
    },
  );

  test.each(SHAPES)("layer_norm of %i rows of %i, with and without a bias, and its gradient", (T, d) => {
    const emulator = device();
    // Mean 3: a variance computed as a difference of squares would cancel.
    const x = matrix(emulator, T, d, (n) => 3 + Math.sin(n * 1.7));
    const [dy, add, gain, bias] = [
      matrix(emulator, T, d),
      matrix(emulator, T, d),
      vector(emulator, d),
      vector(emulator, d),
    ];
    const [y, dx] = [outputMatrix(emulator, T, d), outputMatrix(emulator, T, d)];
    const [mean, inv] = [emulator.alloc(4 * T), emulator.alloc(4 * T)];
    const norm = layerNorm(x.values.data, dy.values.data, gain.values.data, T, d, 1e-5);
    for (const shift of [bias, undefined]) {
      emulator.run("layer_norm", [T], 128, [
        ...[at(y), p(mean), p(inv), at(x), p(gain.pointer), shift ? p(shift.pointer) : none],
        ...[i(d), i(y.ld), i(x.ld), f(1e-5)],
      ]);
      const expected = norm.y.map((v, n) => v + (shift?.values.data[n % d] ?? 0));
      expectClose(read(emulator, y), expected, ROUNDED, "y");
    }
    expectClose(emulator.read(mean, T), norm.mean, FLOAT32, "mean");
    expectClose(emulator.read(inv, T), norm.inv, FLOAT32, "inv");
    const given = [at(dy), at(x), p(gain.pointer), p(mean), p(inv)];
    const widths = [i(dy.ld), i(x.ld)];
    emulator.run("layer_norm_grad", [T], 128, [at(dx), ...given, none, i(d), i(dx.ld), ...widths, i(0)]);
    expectClose(read(emulator, dx), norm.dx, ROUNDED, "dx");
    emulator.run("layer_norm_grad", [T], 128, [
      ...[at(add), ...given, at(add), i(d), i(add.ld), ...widths, i(add.ld)],
    ]);
    const sum = norm.dx.map((v, n) => v + add.values.data[n]!);
    expectClose(read(emulator, add), sum, ROUNDED, "dx + add");
  });
});

/** In float64; dx by the Jacobian of n, written out: ∂n_j/∂x_i = rstd ([i = j] - 1/d - n_i n_j / d). */
function layerNorm(x: Float64Array, dy: Float64Array, gain: Float64Array, T: number, d: number, eps: number) {
  const [y, dx] = [new Float64Array(T * d), new Float64Array(T * d)];
  const [means, inverses]: [number[], number[]] = [[], []];
  for (let t = 0; t < T; t++) {
    const row = x.subarray(t * d, (t + 1) * d);
    const mean = row.reduce((sum, v) => sum + v, 0) / d;
    const inv = 1 / Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / d + eps);
    const n = row.map((v) => (v - mean) * inv);
    means.push(mean);
    inverses.push(inv);
    for (let i = 0; i < d; i++) {
      y[t * d + i] = n[i]! * gain[i]!;
      for (let j = 0; j < d; j++) {
        const slope = inv * ((i === j ? 1 : 0) - 1 / d - (n[i]! * n[j]!) / d);
        dx[t * d + i]! += dy[t * d + j]! * gain[j]! * slope;
      }
    }
  }
  return { y, dx, mean: means, inv: inverses };
}
