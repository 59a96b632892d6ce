import { test } from "vitest";
import { rmsNorm, rmsNormGrad } from "../../../src/engines/reference/ops/rms-norm.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import { at, FLOAT32, f, i, matrix, none, p, ROUNDED, read, room, vector } from "./matrix.ts";

/** Several eights for some threads, one for some, and less than one. */
const SHAPES = [
  [5, 72],
  [2, 7],
  [2, 1100],
] as const;

inEveryOrder("norms", (device) => {
  test.each(SHAPES)("rms_norm of %i rows of %i and its gradient, also into its addend", (T, d) => {
    const emulator = device();
    const [x, dy, add, w] = [
      matrix(emulator, T, d),
      matrix(emulator, T, d),
      matrix(emulator, T, d),
      vector(emulator, d),
    ];
    const [y, dx, inv] = [room(emulator, T, d), room(emulator, T, d), emulator.alloc(4 * T)];
    emulator.run("rms_norm", [T], 128, [at(y), p(inv), at(x), p(w.pointer), i(d), i(y.ld), i(x.ld), f(1e-5)]);
    const [expected, scale] = rmsNorm([x.values, w.values], { eps: 1e-5 });
    expectClose(read(emulator, y), expected!.data, ROUNDED, "y");
    expectClose(emulator.read(inv, T), scale!.data, FLOAT32, "inv");
    const [g] = rmsNormGrad([dy.values, x.values, w.values, scale!], {});
    const given = [at(dy), at(x), p(w.pointer), p(inv)];
    const widths = [i(dy.ld), i(x.ld)];
    emulator.run("rms_norm_grad", [T], 128, [at(dx), ...given, none, i(d), i(dx.ld), ...widths, i(0)]);
    expectClose(read(emulator, dx), g!.data, ROUNDED, "dx");
    emulator.run("rms_norm_grad", [T], 128, [
      ...[at(add), ...given, at(add), i(d), i(add.ld), ...widths, i(add.ld)],
    ]);
    const sum = g!.data.map((v, n) => v + add.values.data[n]!);
    expectClose(read(emulator, add), sum, ROUNDED, "dx + add");
  });
});
