import { expect, test } from "vitest";
import { bfloat16ToFloat32, float32ToBfloat16 } from "../../../src/formats/numbers.ts";
import { quantise } from "../../../src/formats/quantise.ts";
import { QUANTS } from "../../../src/formats/quants.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import { at, i, matrix, outputMatrix, p, read, vector8Grid } from "./matrix.ts";

inEveryOrder("dequantise", (device) => {
  test.each([
    ["q8_0", 8],
    ["q4_0", 2],
  ] as const)("%s blocks equal the file reader's values, rounded once", (format, type) => {
    const emulator = device();
    const [rows, columns] = [40, 96];
    // Rows from 2^-30, with scales that are subnormal halves or 0, to 2^9.
    const normal = matrix(emulator, rows, columns).values.data;
    const values = Float32Array.from(normal, (x, n) => x * 2 ** (Math.floor(n / columns) - 30));
    const packed = quantise(format, values);
    const width = columns + 24;
    const out = outputMatrix(emulator, rows, width);
    emulator.run(`dequantise_${format}`, vector8Grid(rows, width), 256, [
      ...[at(out), p(emulator.alloc(packed)), i(rows), i(columns), i(width), i(out.ld)],
    ]);
    const expected = bfloat16ToFloat32(float32ToBfloat16(QUANTS.get(type)!.decode(packed)));
    const actual = read(emulator, out);
    for (let row = 0; row < rows; row++) {
      const values = actual.subarray(row * width, (row + 1) * width);
      const wanted = expected.subarray(row * columns, (row + 1) * columns);
      expectClose(values.subarray(0, columns), wanted, 0, `row ${row}`);
      expect(values.subarray(columns)).toEqual(new Float32Array(width - columns));
    }
  });
});
