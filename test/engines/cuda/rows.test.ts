import { test } from "vitest";
import type { Argument } from "../../../src/engines/cuda/launch.ts";
import { gatedMlp, gatedMlpGrad } from "../../../src/engines/reference/ops/gated-mlp.ts";
import { rope } from "../../../src/engines/reference/ops/rope.ts";
import { tensor } from "../../../src/engines/reference/tensor.ts";
import { ropeTables } from "../../../src/ops/rope.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import {
  at,
  blocksOfEight,
  f,
  floats,
  i,
  ints,
  type Matrix,
  matrix,
  none,
  p,
  ROUNDED,
  type Room,
  read,
  room,
} from "./matrix.ts";

inEveryOrder("rows", (device) => {
  test.each([
    ["whole eights", 3, 8],
    ["half eights", 3, 12],
    ["odd", 1, 3],
  ] as const)("rope of %s, there and back in place", (_, heads, half) => {
    const emulator = device();
    const T = 60;
    const inverseFrequencies = Array.from({ length: half }, (_, j) => 10 ** (-j / 4));
    const x = matrix(emulator, T, heads * 2 * half);
    const positions = Array.from({ length: T }, (_, t) => (t * 7) % 31);
    const { cos, sin } = ropeTables(inverseFrequencies, 31);
    const [angles, c, s] = [ints(emulator, positions), floats(emulator, cos), floats(emulator, sin)];
    const turn = (out: Room, from: Room, inverse: 0 | 1): void =>
      emulator.run("rope", [Math.ceil((T * heads * Math.ceil(half / 8)) / 256)], 256, [
        ...[at(out), at(from), p(angles), p(c), p(s), i(T), i(heads), i(half)],
        ...[i(out.ld), i(from.ld), i(inverse)],
      ]);
    const turned = room(emulator, T, x.width);
    turn(turned, x, 0);
    const given = [tensor([1, T, x.width], x.values.data), tensor([1, T], Float64Array.from(positions))];
    const [expected] = rope(given, { heads, inverseFrequencies, maxPositions: 31, inverse: false });
    expectClose(read(emulator, turned), expected!.data, ROUNDED, "rotated");
    turn(turned, turned, 1);
    expectClose(read(emulator, turned), x.values.data, ROUNDED, "rotated back");
  });

  test.each([
    [3, 40],
    [70, 43],
  ])("gated_mlp of %i rows of %i, and its gradient over its inputs", (rows, width) => {
    const emulator = device();
    const [gate, up, dh] = [0, 1, 2].map(() => matrix(emulator, rows, width)) as [Matrix, Matrix, Matrix];
    const h = room(emulator, rows, width);
    const grid = blocksOfEight(rows, width);
    emulator.run("gated_mlp", grid, 256, [
      ...[at(h), at(gate), at(up), i(rows), i(width), i(h.ld), i(gate.ld), i(up.ld)],
    ]);
    const attrs = { activation: "silu" } as const;
    expectClose(read(emulator, h), gatedMlp([gate.values, up.values], attrs)[0]!.data, ROUNDED, "h");
    emulator.run("gated_mlp_grad", grid, 256, [
      ...[at(gate), at(up), at(dh), at(gate), at(up), i(rows), i(width)],
      ...[i(gate.ld), i(up.ld), i(dh.ld), i(gate.ld), i(up.ld)],
    ]);
    const [dg, du] = gatedMlpGrad([dh.values, gate.values, up.values], attrs);
    expectClose(read(emulator, gate), dg!.data, ROUNDED, "dgate");
    expectClose(read(emulator, up), du!.data, ROUNDED, "dup");
  });

  test.each([21, 1100])("rows of %i gathered, and scattered with those that repeat summed", (width) => {
    const emulator = device();
    const table = matrix(emulator, 6, width);
    const picks = Array.from({ length: 70 }, (_, n) => (n < 40 ? 5 : n % 3));
    const [picked, indices] = [room(emulator, 70, width), ints(emulator, picks)];
    emulator.run("gather_rows", [70], 128, [
      ...[at(picked), at(table), p(indices), i(width), i(picked.ld), i(table.ld)],
    ]);
    const rows = picks.flatMap((n) => [...table.values.data.subarray(n * width, (n + 1) * width)]);
    expectClose(read(emulator, picked), rows, 0, "gathered");
    const [dy, out] = [matrix(emulator, 70, width), room(emulator, 6, width)];
    emulator.run("scatter_rows", [6], 128, [
      ...[at(out), at(dy), p(indices), i(70), i(width), i(out.ld), i(dy.ld)],
    ]);
    const expected = new Float64Array(6 * width);
    for (const [n, row] of picks.entries()) {
      for (let c = 0; c < width; c++) expected[row * width + c]! += dy.values.data[n * width + c]!;
    }
    expectClose(read(emulator, out), expected, ROUNDED, "scattered");
  });

  test("rows combined and dropped", () => {
    const emulator = device();
    const [rows, width] = [70, 43];
    const [a, b] = [matrix(emulator, rows, width), matrix(emulator, rows, width)];
    const keep = Uint8Array.from({ length: rows * width }, (_, n) => ((n * 7) % 5 < 2 ? 0 : 1));
    const mask = emulator.alloc(keep);
    const shape = [i(rows), i(width)];
    const [A, B] = [a.values.data, b.values.data];
    const run = (name: string, inputs: readonly Argument[], widths: readonly number[]): Float32Array => {
      const out = room(emulator, rows, width);
      const lds = [out.ld, ...widths].map(i);
      emulator.run(name, blocksOfEight(rows, width), 256, [at(out), ...inputs, ...shape, ...lds]);
      return read(emulator, out);
    };
    const expected = (value: (n: number) => number): Float64Array => A.map((_, n) => value(n));
    const both = run("combine_rows", [at(a), at(b), f(-0.5)], [a.ld, b.ld]);
    const sum = expected((n) => B[n]! - 0.5 * A[n]!);
    expectClose(both, sum, ROUNDED, "-a / 2 + b");
    const one = run("combine_rows", [at(a), none, f(3)], [a.ld, 0]);
    const scaled = expected((n) => 3 * A[n]!);
    expectClose(one, scaled, ROUNDED, "3 a");
    const dropped = expected((n) => (keep[n] === 1 ? 1.25 * A[n]! : 0));
    const kept = run("drop_rows", [at(a), p(mask), none, f(1.25)], [a.ld, 0]);
    expectClose(kept, dropped, ROUNDED, "dropped");
    const added = run("drop_rows", [at(a), p(mask), at(b), f(1.25)], [a.ld, b.ld]);
    const withB = expected((n) => dropped[n]! + B[n]!);
    expectClose(added, withB, ROUNDED, "dropped + b");
  });
});
