import { expect, test } from "vitest";
import { addProduct, addProductT } from "../../../src/engines/reference/tensor.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import { at, i, matrix, none, outputMatrix, p, ROUNDED, read, vector } from "./matrix.ts";

inEveryOrder("gemm", (device) => {
  test.each([
    ["128x128", 128, 128, 150, 140, 72],
    ["128x64", 128, 64, 140, 70, 96],
    ["64x64", 64, 64, 70, 130, 40],
    ["64x32", 64, 32, 65, 24, 64],
    ["64x64", 64, 64, 3, 5, 7],
  ] as const)("%s, in place of its addend, with a bias", (tile, BM, BN, M, N, K) => {
    const emulator = device();
    for (const layout of ["nt", "nn"] as const) {
      const a = matrix(emulator, M, K);
      const b = layout === "nn" ? matrix(emulator, K, N) : matrix(emulator, N, K);
      const add = matrix(emulator, M, N);
      const bias = vector(emulator, N);
      const product = new Float64Array(M * N);
      (layout === "nn" ? addProduct : addProductT)(product, a.values.data, b.values.data, M, N, K);
      const run = (
        c: typeof add | ReturnType<typeof outputMatrix>,
        extras: Parameters<typeof emulator.run>[3],
      ): void =>
        emulator.run(
          `gemm_${layout}_${tile}`,
          [Math.ceil(N / BN), Math.ceil(M / BM)],
          128,
          [at(c), i(M), i(N), i(c.ld), at(a), at(b), i(K), i(a.ld), i(b.ld), ...extras],
          4 * 32 * (BM + BN) * 2,
        );
      const plain = outputMatrix(emulator, M, N);
      run(plain, [none, i(0), none]);
      expectClose(read(emulator, plain), product, ROUNDED, layout);
      run(add, [at(add), i(add.ld), p(bias.pointer)]);
      const expected = product.map((v, n) => v + add.values.data[n]! + bias.values.data[n % N]!);
      expectClose(read(emulator, add), expected, ROUNDED, `${layout} with sums`);
    }
    expect(emulator.stats()["conflicts"]).toBe(0);
  });
});
