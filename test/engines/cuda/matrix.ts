import type { DevicePointer } from "../../../src/engines/cuda/driver.ts";
import { type Tensor, tensor } from "../../../src/engines/reference/tensor.ts";
import { bfloat16ToFloat32, float32ToBfloat16 } from "../../../src/formats/numbers.ts";
import { createRng } from "../../../src/rng.ts";
import type { Emulator } from "./emulator.ts";

export const padded = (width: number): number => Math.ceil(width / 8) * 8;

/** A matrix of bf16 numbers on the device, rows padded to 8 with zeros, and the same numbers as the reference takes them. */
export interface Matrix {
  readonly pointer: DevicePointer;
  readonly rows: number;
  readonly width: number;
  readonly ld: number;
  readonly values: Tensor;
}

const rng = createRng("cuda kernels");

/** Standard normal by default. */
export function matrix(
  emulator: Emulator,
  rows: number,
  width: number,
  draw: (i: number) => number = () => rng.normal(),
): Matrix {
  const rounded = bfloat16ToFloat32(
    float32ToBfloat16(Float32Array.from({ length: rows * width }, (_, i) => draw(i))),
  );
  return {
    ...place(emulator, rounded, rows, width),
    values: tensor([rows, width], Float64Array.from(rounded)),
  };
}

function place(emulator: Emulator, values: Float32Array, rows: number, width: number) {
  const ld = padded(width);
  const wide = new Float32Array(rows * ld);
  for (let r = 0; r < rows; r++) wide.set(values.subarray(r * width, (r + 1) * width), r * ld);
  return { pointer: emulator.alloc(float32ToBfloat16(wide)), rows, width, ld };
}

/** Room for a result: NaN until something is written. */
export function room(emulator: Emulator, rows: number, width: number): Omit<Matrix, "values"> {
  return { pointer: emulator.alloc(rows * padded(width) * 2), rows, width, ld: padded(width) };
}

/** The numbers without the padding, which must be zero. */
export function read(emulator: Emulator, { pointer, rows, width, ld }: Omit<Matrix, "values">): Float32Array {
  const bits = new Uint16Array(rows * ld);
  emulator.driver.call("cuMemcpyDtoH", bits, pointer, bits.byteLength);
  const wide = bfloat16ToFloat32(bits);
  const out = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) {
    out.set(wide.subarray(r * ld, r * ld + width), r * width);
    for (let c = width; c < ld; c++) {
      if (wide[r * ld + c] !== 0) throw new Error(`row ${r}: padding column ${c} is ${wide[r * ld + c]}`);
    }
  }
  return out;
}

export const ints = (emulator: Emulator, values: readonly number[]): DevicePointer =>
  emulator.alloc(Int32Array.from(values));
export const floats = (emulator: Emulator, values: ArrayLike<number>): DevicePointer =>
  emulator.alloc(Float32Array.from(values));
