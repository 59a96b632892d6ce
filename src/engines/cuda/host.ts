import { bfloat16ToFloat32, float32ToBfloat16 } from "../../formats/numbers.ts";
import type { DType, Value } from "../../program/program.ts";
import type { HostTensor } from "../engine.ts";
import { FedMask } from "../fed-mask.ts";
import type { Matrix } from "./commands.ts";
import type { DeviceValue } from "./lower.ts";

/** Bytes that the value takes on the device, padding included. */
export function deviceBytes(placed: DeviceValue, dtype: DType): number {
  if (placed.kind === "matrix") return matrixBytes(placed.matrix);
  return dtype === "u8" ? placed.vector.length : 4 * placed.vector.length;
}

/** From the first number to the last, which are not the whole rows when the matrix is a stretch of a wider one. */
const matrixBytes = ({ rows, width, ld }: Matrix): number => 2 * ((rows - 1) * ld + width);

/**
 * Writes a fed value as the device has it: bf16 in padded rows, or float32, int32 or bytes. Of a mask, the words that it is made
 * from, as kernels/dropout.cu reads them.
 */
export function writeFeed(
  memory: ArrayBuffer,
  offset: number,
  placed: DeviceValue,
  { name, dtype, mask }: Value,
  feed: HostTensor,
): void {
  if (mask !== undefined) {
    if (!(feed instanceof FedMask))
      throw new Error(`input ${name} takes a FedMask, which the device makes itself`);
    const { seed, step, microStep } = feed.site;
    new Uint32Array(memory, offset, 4).set([seed, 0, step, microStep]);
    return;
  }
  const { data } = feed;
  if (placed.kind === "matrix") {
    const { rows, width, ld } = placed.matrix;
    const rounded = float32ToBfloat16(Float32Array.from(data as Float32Array));
    const out = new Uint16Array(memory, offset, rows * ld).fill(0);
    for (let row = 0; row < rows; row++) out.set(rounded.subarray(row * width, (row + 1) * width), row * ld);
  } else if (dtype === "u8") {
    new Uint8Array(memory, offset, data.length).set(data as Uint8Array);
  } else if (dtype === "i64") {
    const out = new Int32Array(memory, offset, data.length);
    for (const [i, value] of (data as BigInt64Array).entries()) out[i] = Number(value);
  } else {
    new Float32Array(memory, offset, data.length).set(data as Float32Array);
  }
}

/** A value that came back, in float32. */
export function readResult(memory: ArrayBuffer, offset: number, placed: DeviceValue): Float32Array {
  if (placed.kind === "vector") return new Float32Array(memory, offset, placed.vector.length).slice();
  const { rows, width, ld } = placed.matrix;
  const wide = bfloat16ToFloat32(new Uint16Array(memory, offset, (rows - 1) * ld + width));
  const out = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) out.set(wide.subarray(row * ld, row * ld + width), row * width);
  return out;
}
