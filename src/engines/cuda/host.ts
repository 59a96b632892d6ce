import { bfloat16ToFloat32, float32ToBfloat16 } from "../../formats/numbers.ts";
import type { DType, Value } from "../../program/program.ts";
import type { HostTensor } from "../engine.ts";
import { FedMask } from "../fed-mask.ts";
import type { Matrix } from "./lowering/commands.ts";
import type { DeviceValue } from "./lowering/lower.ts";

/** Size of the value on the device in bytes, padding included. */
export function deviceBytes(value: DeviceValue, dtype: DType): number {
  if (value.kind === "matrix") return matrixBytes(value.matrix);
  return dtype === "u8" ? value.vector.length : 4 * value.vector.length;
}

/** From the first element to the last; without the last row's padding, which a slice of a wider matrix does not own. */
const matrixBytes = ({ rows, width, ld }: Matrix): number => 2 * ((rows - 1) * ld + width);

/**
 * Writes a fed value in its device format: bf16 in padded rows, or float32, int32 or bytes. A dropout mask is fed as the four
 * words from which kernels/dropout.cu generates it.
 */
export function writeFeed(
  memory: ArrayBuffer,
  offset: number,
  value: DeviceValue,
  { name, dtype, mask }: Value,
  feed: HostTensor,
): void {
  if (mask !== undefined) {
    if (!(feed instanceof FedMask))
      throw new Error(`input ${name} takes a FedMask: the device generates the mask itself`);
    const { seed, step, microStep } = feed.site;
    new Uint32Array(memory, offset, 4).set([seed, 0, step, microStep]);
    return;
  }
  const { data } = feed;
  if (value.kind === "matrix") {
    const { rows, width, ld } = value.matrix;
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

/** Converts a downloaded value to float32. */
export function readResult(memory: ArrayBuffer, offset: number, value: DeviceValue): Float32Array {
  if (value.kind === "vector") return new Float32Array(memory, offset, value.vector.length).slice();
  const { rows, width, ld } = value.matrix;
  const wide = bfloat16ToFloat32(new Uint16Array(memory, offset, (rows - 1) * ld + width));
  const out = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) out.set(wide.subarray(row * ld, row * ld + width), row * width);
  return out;
}
