import { expect, test } from "vitest";
import type { Argument } from "../../../src/engines/cuda/driver/launch.ts";
import { dropoutMask } from "../../../src/philox.ts";
import { expectClose } from "../../expect-close.ts";
import { type Emulator, inEveryOrder } from "./emulator.ts";
import { at, f, i, l, matrix, none, outputMatrix, p, ROUNDED, read, vector8Grid } from "./matrix.ts";

const bytes = (emulator: Emulator, pointer: bigint, length: number): Uint8Array => {
  const out = new Uint8Array(length);
  emulator.download(pointer, out);
  return out;
};

inEveryOrder("dropout", (device) => {
  test.each([
    [{ seed: 7, site: 3, step: 12, microStep: 1 }, 5000, 0.1],
    [{ seed: 0xfedcba98, site: 0, step: 0, microStep: 0 }, 1003, 0.5],
    [{ seed: 1, site: 200, step: 0x80000001, microStep: 5 }, 5, 0.25],
  ] as const)("masks of %o equal those of the other engines, %i elements at rate %f", (site, n, dropout) => {
    const emulator = device();
    const words = emulator.alloc(Uint32Array.of(site.seed, 0, site.step, site.microStep));
    const keep = emulator.alloc(n);
    emulator.run("philox_mask", [Math.ceil(n / 8 / 256)], 256, [
      ...[p(keep), p(words), i(site.site), i(Math.round(dropout * 65536)), l(n)],
    ]);
    expect(bytes(emulator, keep, n)).toEqual(dropoutMask(site, n, dropout));
  });

  test("masked rows, alone and added", () => {
    const emulator = device();
    const [rows, width] = [70, 43];
    const [x, add] = [matrix(emulator, rows, width), matrix(emulator, rows, width)];
    const keep = dropoutMask({ seed: 5, site: 0, step: 0, microStep: 0 }, rows * width, 0.2);
    const mask = p(emulator.alloc(keep));
    const dropped = x.values.data.map((v, n) => (keep[n] === 1 ? v * 1.25 : 0));
    const run = (inputs: readonly Argument[], ldadd: number): Float32Array => {
      const out = outputMatrix(emulator, rows, width);
      emulator.run("drop_rows", vector8Grid(rows, width), 256, [
        ...[at(out), at(x), mask, ...inputs, f(1.25), i(rows), i(width), i(out.ld), i(x.ld), i(ldadd)],
      ]);
      return read(emulator, out);
    };
    expectClose(run([none], 0), dropped, ROUNDED, "dropped");
    const sum = dropped.map((v, n) => v + add.values.data[n]!);
    expectClose(run([at(add)], add.ld), sum, ROUNDED, "added");
  });
});
