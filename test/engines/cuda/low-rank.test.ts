import { expect, test } from "vitest";
import { loraLinear } from "../../../src/engines/reference/ops/lora-linear.ts";
import { addTProduct, tensor } from "../../../src/engines/reference/tensor.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import {
  at,
  FLOAT32,
  i,
  l,
  matrix,
  none,
  outputMatrix,
  p,
  ROUNDED,
  read,
  SUMS_OF_ROUNDED,
  vector,
} from "./matrix.ts";

/** Writes structs to device memory: 8-byte words, then ints, then a float. */
function structs(
  rows: readonly { words: readonly bigint[]; ints: readonly number[]; float: number }[],
  bytes: number,
): Buffer {
  const table = Buffer.alloc(bytes * rows.length);
  for (const [n, { words, ints, float }] of rows.entries()) {
    let at = n * bytes;
    for (const word of words) at = table.writeBigUInt64LE(word, at);
    for (const int of ints) at = table.writeInt32LE(int, at);
    table.writeFloatLE(float, at);
  }
  return table;
}

inEveryOrder("low-rank factors", (device) => {
  test.each([16, 32, 64, 128])("rank_gradient, ranks up to %i, three factors in one launch", (rank) => {
    const emulator = device();
    const [T, slab] = [100, 64];
    const entries = [
      { M: 72, r: rank - 3, transposed: 0, factor: 0.5 },
      { M: 7, r: rank, transposed: 1, factor: 1 },
      { M: 130, r: 1, transposed: 1, factor: -2 },
    ].map((entry) => ({ ...entry, x: matrix(emulator, T, entry.M), y: matrix(emulator, T, entry.r) }));
    const expected: number[] = [];
    const rows = entries.map(({ x, y, M, r, transposed, factor }) => {
      const words = [x.pointer, y.pointer, BigInt(expected.length)];
      const sum = new Float64Array(M * r);
      if (transposed) addTProduct(sum, y.values.data, x.values.data, r, M, T, factor);
      else addTProduct(sum, x.values.data, y.values.data, M, r, T, factor);
      expected.push(...sum);
      return { words, ints: [M, r, x.ld, y.ld, transposed], float: factor };
    });
    const [size, slabs] = [expected.length, Math.ceil(T / slab)];
    const partial = emulator.alloc(4 * slabs * size);
    emulator.run(`rank_gradient_${rank}`, [3, slabs, entries.length], 128, [
      ...[p(partial), p(emulator.alloc(structs(rows, 48))), i(T), i(slab), l(size)],
    ]);
    const nFirst = 72 * (rank - 3);
    const nSecond = size - nFirst;
    const [first, second] = [emulator.alloc(4 * nFirst), emulator.alloc(4 * nSecond)];
    emulator.run("sum_slabs", [Math.ceil(size / 256)], 256, [
      ...[p(first), p(second), p(partial), i(slabs), l(nFirst), l(nSecond)],
    ]);
    expectClose(emulator.read(first, nFirst), expected.slice(0, nFirst), FLOAT32, "first");
    expectClose(emulator.read(second, nSecond), expected.slice(nFirst), FLOAT32, "second");
    expect(emulator.stats()["conflicts"]).toBe(0);
  });

  test("place_factors: [x | xA] [W | scale B]ᵀ computes two adapted projections in one GEMM", () => {
    const emulator = device();
    // One input: outputs 0..10 and 10..16, each with its own LoRA columns and rows.
    const [T, K, width] = [9, 20, 40];
    const projections = [
      { N: 10, rank: 3, firstRow: 0, column: 24, row: 16, scale: 2 },
      { N: 6, rank: 8, firstRow: 10, column: 32, row: 24, scale: 0.5 },
    ];
    const x = matrix(emulator, T, K);
    const W = matrix(emulator, 16, K);
    const wide = matrix(emulator, T, width, (n) =>
      n % width < K ? x.values.data[((n / width) | 0) * K + (n % width)]! : 0,
    );
    // LoRA columns and rows start as -9. A projection's rows are zero in the other's LoRA columns.
    const weight = matrix(emulator, 32, width, (n) => {
      const [row, column] = [(n / width) | 0, n % width];
      if (row >= 16) return column < 24 ? -9 : 0;
      if (column < K) return W.values.data[row * K + column]!;
      return column >= 24 && column < 32 === row < 10 ? -9 : 0;
    });
    const parameters = vector(emulator, 1 + (10 + K) * 3 + (6 + K) * 8);
    let used = 1;
    const cut = (length: number): [number, Float64Array] => {
      used += length;
      return [used - length, parameters.values.data.slice(used - length, used)];
    };
    const expected = new Float64Array(T * 16);
    const placed = weight.values.data.slice();
    const rows = projections.map(({ N, rank, firstRow, column, row, scale }) => {
      const [offsetA, a] = cut(rank * K);
      const [offsetB, b] = cut(N * rank);
      for (let j = 0; j < 8; j++) {
        const real = j < rank;
        placed.fill(0, (row + j) * width, (row + j) * width + 24);
        if (real) placed.set(a.subarray(j * K, (j + 1) * K), (row + j) * width);
        for (let n = 0; n < N; n++)
          placed[(firstRow + n) * width + column + j] = real ? scale * b[n * rank + j]! : 0;
      }
      const w = tensor([N, K], W.values.data.slice(firstRow * K, (firstRow + N) * K));
      const factors = { A: tensor([rank, K], a), B: tensor([N, rank], b) };
      const { y } = loraLinear({ x: x.values, weight: w, ...factors }, { scale, dropout: 0, hasBias: false });
      for (let t = 0; t < T; t++) expected.set(y.data.subarray(t * N, (t + 1) * N), t * 16 + firstRow);
      const words = [weight.pointer, ...[offsetA, offsetB].map((at) => parameters.pointer + BigInt(4 * at))];
      return { words, ints: [N, K, rank, 8, weight.ld, row, firstRow, column], float: scale };
    });
    const table = emulator.alloc(structs(rows, 64));
    emulator.run("place_factors", [2, rows.length], 256, [p(table)]);
    expectClose(read(emulator, weight), placed, ROUNDED, "weight");

    const y = outputMatrix(emulator, T, 16);
    const product = (c: bigint, ldc: number, b: bigint, k: number): void => {
      const [sizes, lds] = [
        [i(T), i(16), i(ldc)],
        [i(k), i(wide.ld), i(weight.ld)],
      ];
      const args = [p(c), ...sizes, at(wide), p(b), ...lds, none, i(0), none];
      emulator.run("gemm_nt_64x32", [1, 1], 128, args, 4 * 32 * 96 * 2);
    };
    product(wide.pointer + 48n, wide.ld, weight.pointer + BigInt(2 * 16 * weight.ld), K);
    product(y.pointer, y.ld, weight.pointer, width);
    // A, B and xA are rounded to bf16.
    expectClose(read(emulator, y), expected, SUMS_OF_ROUNDED, "y");
  });
});
