import { test } from "vitest";
import { rope } from "../../../src/engines/reference/ops/rope.ts";
import { tensor } from "../../../src/engines/reference/tensor.ts";
import { ropeTables } from "../../../src/ops/rope.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import {
  at,
  type DeviceMatrix,
  f,
  floats,
  i,
  ints,
  matrix,
  none,
  outputMatrix,
  p,
  ROUNDED,
  read,
  vector8Grid,
} from "./matrix.ts";

inEveryOrder("rows", (device) => {
  test.each([
    ["whole eights", 3, 8],
    ["half eights", 3, 12],
    ["odd", 1, 3],
  ] as const)("rope of %s, forward and inverse in place", (_, heads, half) => {
    const emulator = device();
    const T = 60;
    const inverseFrequencies = Array.from({ length: half }, (_, j) => 10 ** (-j / 4));
    const x = matrix(emulator, T, heads * 2 * half);
    const positions = Array.from({ length: T }, (_, t) => (t * 7) % 31);
    const { cos, sin } = ropeTables(inverseFrequencies, 31);
    const [angles, c, s] = [ints(emulator, positions), floats(emulator, cos), floats(emulator, sin)];
    const rotate = (out: DeviceMatrix, from: DeviceMatrix, inverse: 0 | 1): void =>
      emulator.run("rope", [Math.ceil((T * heads * Math.ceil(half / 8)) / 256)], 256, [
        ...[at(out), at(from), p(angles), p(c), p(s), i(T), i(heads), i(half)],
        ...[i(out.ld), i(from.ld), i(inverse)],
      ]);
    const rotated = outputMatrix(emulator, T, x.width);
    rotate(rotated, x, 0);
    const given = {
      x: tensor([1, T, x.width], x.values.data),
      positions: tensor([1, T], Float64Array.from(positions)),
    };
    const { y: expected } = rope(given, { heads, inverseFrequencies, maxPositions: 31, inverse: false });
    expectClose(read(emulator, rotated), expected.data, ROUNDED, "rotated");
    rotate(rotated, rotated, 1);
    expectClose(read(emulator, rotated), x.values.data, ROUNDED, "rotated back");
  });

  test.each([21, 1100])("rows of %i gathered, and scattered with repeated indices summed", (width) => {
    const emulator = device();
    const table = matrix(emulator, 6, width);
    const picks = Array.from({ length: 70 }, (_, n) => (n < 40 ? 5 : n % 3));
    const [picked, indices] = [outputMatrix(emulator, 70, width), ints(emulator, picks)];
    emulator.run("gather_rows", [70], 128, [
      ...[at(picked), at(table), p(indices), i(width), i(picked.ld), i(table.ld)],
    ]);
    const rows = picks.flatMap((n) => [...table.values.data.subarray(n * width, (n + 1) * width)]);
    expectClose(read(emulator, picked), rows, 0, "gathered");
    const [dy, out] = [matrix(emulator, 70, width), outputMatrix(emulator, 6, width)];
    emulator.run("scatter_rows", [6], 128, [
      ...[at(out), at(dy), p(indices), i(70), i(width), i(out.ld), i(dy.ld)],
    ]);
    const expected = new Float64Array(6 * width);
    for (const [n, row] of picks.entries()) {
      for (let c = 0; c < width; c++) expected[row * width + c]! += dy.values.data[n * width + c]!;
    }
    expectClose(read(emulator, out), expected, ROUNDED, "scattered");
  });

  test("combine_rows: scaled sums", () => {
    const emulator = device();
    const [rows, width] = [70, 43];
    const [a, b] = [matrix(emulator, rows, width), matrix(emulator, rows, width)];
    const [A, B] = [a.values.data, b.values.data];
    const out = outputMatrix(emulator, rows, width);
    const sizes = [i(rows), i(width)];
    const grid = vector8Grid(rows, width);
    emulator.run("combine_rows", grid, 256, [at(out), at(a), none, f(3), ...sizes, i(out.ld), i(a.ld), i(0)]);
    const scaled = A.map((x) => 3 * x);
    expectClose(read(emulator, out), scaled, ROUNDED, "3 a");
    emulator.run("combine_rows", grid, 256, [
      ...[at(b), at(a), at(b), f(-0.5), ...sizes, i(b.ld), i(a.ld), i(b.ld)],
    ]);
    const sum = A.map((x, n) => B[n]! - 0.5 * x);
    expectClose(read(emulator, b), sum, ROUNDED, "b - a / 2 into b");
  });
});
