import type { DevicePointer } from "../../../src/engines/cuda/driver/driver.ts";
import type { Argument } from "../../../src/engines/cuda/driver/launch.ts";
import { type Tensor, tensor } from "../../../src/engines/reference/tensor.ts";
import { bfloat16ToFloat32, float32ToBfloat16 } from "../../../src/formats/numbers.ts";
import { createRng } from "../../../src/rng.ts";
import type { Emulator } from "./emulator.ts";

/** Relative tolerance: bf16 has 8 significant bits, so a rounding is at most 2^-8; most results are rounded twice. */
export const ROUNDED = 2 ** -7;
/** Relative tolerance where probabilities and products are rounded before they are summed. */
export const SUMS_OF_ROUNDED = 2 ** -6;
export const FLOAT32 = 1e-5;

export const p = (pointer: DevicePointer): Argument => ({ pointer });
export const at = (m: DeviceMatrix): Argument => ({ pointer: m.pointer });
export const i = (i32: number): Argument => ({ i32 });
export const f = (f32: number): Argument => ({ f32 });
export const l = (i64: number): Argument => ({ i64 });
export const none = p(0n);

/** A bf16 matrix on the device. */
export interface DeviceMatrix {
  readonly pointer: DevicePointer;
  readonly rows: number;
  readonly width: number;
  readonly ld: number;
}

/** A device matrix with its values for the reference. */
export interface Matrix extends DeviceMatrix {
  readonly values: Tensor;
}

const round8 = (width: number): number => Math.ceil(width / 8) * 8;

/** Grid of 256-thread blocks with one thread for eight columns. */
export const vector8Grid = (rows: number, width: number): [number] => [
  Math.ceil((rows * round8(width)) / 8 / 256),
];

const rng = createRng("cuda kernels");
let matrices = 0;

/** Content of the columns beside a matrix: a distinct NaN, so that reading and writing them both show. */
const NEIGHBOUR = 0x7fd5;
const UNWRITTEN = 0x7fc0;
const LEFT = 8;

/**
 * Allocates a matrix as a slice of columns of a wider one. Each has another row stride than the one before, so that confused
 * strides show. Columns width..round8(width) are zero; without values everything is NaN.
 */
function place(emulator: Emulator, rows: number, width: number, values?: Uint16Array): DeviceMatrix {
  const ld = LEFT + round8(width) + 8 * (1 + (matrices++ % 5));
  const bits = new Uint16Array(rows * ld).fill(NEIGHBOUR);
  for (let r = 0; r < rows; r++) {
    const from = r * ld + LEFT;
    bits.fill(values === undefined ? UNWRITTEN : 0, from, from + round8(width));
    if (values !== undefined) bits.set(values.subarray(r * width, (r + 1) * width), from);
  }
  return { pointer: emulator.alloc(bits) + BigInt(2 * LEFT), rows, width, ld };
}

/** A matrix with drawn values, standard normal by default. */
export function matrix(
  emulator: Emulator,
  rows: number,
  width: number,
  draw: (i: number) => number = () => rng.normal(),
): Matrix {
  const bits = float32ToBfloat16(Float32Array.from({ length: rows * width }, (_, n) => draw(n)));
  const values = tensor([rows, width], Float64Array.from(bfloat16ToFloat32(bits)));
  return { ...place(emulator, rows, width, bits), values };
}

/** An uninitialised matrix for a result. */
export function outputMatrix(emulator: Emulator, rows: number, width: number): DeviceMatrix {
  return place(emulator, rows, width);
}

/** Reads a matrix back. Throws unless its padding is zero and the columns beside it are unchanged. */
export function read(emulator: Emulator, { pointer, rows, width, ld }: DeviceMatrix): Float32Array {
  const bits = new Uint16Array(rows * ld);
  emulator.download(pointer - BigInt(2 * LEFT), bits);
  const wide = bfloat16ToFloat32(bits);
  const out = new Float32Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const row = r * ld + LEFT;
    out.set(wide.subarray(row, row + width), r * width);
    for (let c = -LEFT; c < ld - LEFT; c++) {
      const [inside, padding] = [c >= 0 && c < width, c >= width && c < round8(width)];
      if (!inside && bits[row + c] !== (padding ? 0 : NEIGHBOUR)) {
        throw new Error(`row ${r}: ${padding ? "padding" : "neighbour"} at column ${c} is ${wide[row + c]}`);
      }
    }
  }
  return out;
}

/** A float32 vector of standard normals, on the device and for the reference. */
export function vector(emulator: Emulator, length: number): { pointer: DevicePointer; values: Tensor } {
  const values = Float32Array.from({ length }, () => rng.normal());
  return { pointer: emulator.alloc(values), values: tensor([length], Float64Array.from(values)) };
}

/** The values under another shape. */
export const shaped = (values: Tensor, shape: number[]): Tensor => tensor(shape, values.data);

export const ints = (emulator: Emulator, values: readonly number[]): DevicePointer =>
  emulator.alloc(Int32Array.from(values));
export const floats = (emulator: Emulator, values: ArrayLike<number>): DevicePointer =>
  emulator.alloc(Float32Array.from(values));
