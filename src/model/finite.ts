import { LorafitError } from "../errors.ts";
import { readBytesAt } from "../formats/files.ts";
import type { SafetensorsFile } from "../formats/safetensors.ts";

/** Bytes that are read at once. */
const PIECE = 1 << 24;

/** Exponent bits of the floating types, all of which are set in infinities and NaN. */
const TYPES: Readonly<
  Record<string, { mask: number; view(bytes: ArrayBuffer): Uint16Array | Uint32Array; step: number }>
> = {
  F16: { mask: 0x7c00, view: (bytes) => new Uint16Array(bytes), step: 1 },
  BF16: { mask: 0x7f80, view: (bytes) => new Uint16Array(bytes), step: 1 },
  F32: { mask: 0x7f800000, view: (bytes) => new Uint32Array(bytes), step: 1 },
  // The upper half of each value holds the exponent.
  F64: { mask: 0x7ff00000, view: (bytes) => new Uint32Array(bytes), step: 2 },
};

/** @throws data error for the first tensor that holds an infinity or NaN */
export function checkFinite({ path, tensors }: SafetensorsFile): void {
  for (const [name, { dtype, offset, length }] of tensors) {
    const type = TYPES[dtype];
    if (type === undefined) continue;
    for (let at = 0; at < length; at += PIECE) {
      const bytes = readBytesAt(path, offset + at, Math.min(PIECE, length - at));
      if (bytes !== null && holdsExponent(type.view(bytes.buffer), type.mask, type.step))
        throw nonFinite(path, name);
    }
  }
}

function holdsExponent(words: Uint16Array | Uint32Array, mask: number, step: number): boolean {
  for (let i = step - 1; i < words.length; i += step) if ((words[i]! & mask) === mask) return true;
  return false;
}

/** @throws data error when a value is an infinity or NaN */
export function refuseNonFinite(path: string, name: string, data: Float32Array): void {
  if (holdsExponent(new Uint32Array(data.buffer, data.byteOffset, data.length), 0x7f800000, 1)) {
    throw nonFinite(path, name);
  }
}

const nonFinite = (path: string, name: string): LorafitError =>
  new LorafitError("data", `${path}: ${name} has a value that is infinite or not a number`, {
    hint: "fetch the model again, or take one that was saved before its training diverged",
  });
