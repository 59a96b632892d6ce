import { LorafitError } from "../errors.ts";
import { readBytesAt } from "../formats/files.ts";
import type { SafetensorsFile } from "../formats/safetensors.ts";

/** Bytes that are read at once. */
const PIECE = 1 << 24;

/**
 * Limit of a weight's magnitude, 2^30. Trained weights are below 2^16, float16's largest number; products of larger ones overflow float32
 * within a few layers, so that every logit is NaN.
 */
const LIMIT_EXPONENT = 30;
export const WEIGHT_LIMIT = 2 ** LIMIT_EXPONENT;

/** Position, width and bias of the exponent in a word of each floating type. */
const TYPES: Readonly<
  Record<
    string,
    { shift: number; bits: number; view(bytes: ArrayBuffer): Uint16Array | Uint32Array; step: number }
  >
> = {
  F16: { shift: 10, bits: 5, view: (bytes) => new Uint16Array(bytes), step: 1 },
  BF16: { shift: 7, bits: 8, view: (bytes) => new Uint16Array(bytes), step: 1 },
  F32: { shift: 23, bits: 8, view: (bytes) => new Uint32Array(bytes), step: 1 },
  // The upper half of each value holds the exponent.
  F64: { shift: 20, bits: 11, view: (bytes) => new Uint32Array(bytes), step: 2 },
};

/** @throws data error for the first tensor that holds an infinity, NaN or a magnitude of 2^30 and more */
export function checkFinite({ path, tensors }: SafetensorsFile): void {
  for (const [name, { dtype, offset, length }] of tensors) {
    const type = TYPES[dtype];
    if (type === undefined) continue;
    for (let at = 0; at < length; at += PIECE) {
      const bytes = readBytesAt(path, offset + at, Math.min(PIECE, length - at));
      if (bytes === null) continue;
      const most = largestExponent(type.view(bytes.buffer), type);
      refuseExponent(path, name, most, type.bits);
    }
  }
}

/** @throws data error when a value is an infinity, NaN, or of a magnitude of 2^30 and more */
export function refuseNonFinite(path: string, name: string, data: Float32Array): void {
  const { bits, shift, step } = TYPES["F32"]!;
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  refuseExponent(path, name, largestExponent(words, { bits, shift, step }), bits);
}

/** Largest stored exponent. */
function largestExponent(
  words: Uint16Array | Uint32Array,
  { shift, bits, step }: { readonly shift: number; readonly bits: number; readonly step: number },
): number {
  const mask = 2 ** bits - 1;
  let most = 0;
  for (let i = step - 1; i < words.length; i += step) {
    const exponent = (words[i]! >>> shift) & mask;
    if (exponent > most) most = exponent;
  }
  return most;
}

function refuseExponent(path: string, name: string, exponent: number, bits: number): void {
  const bias = 2 ** (bits - 1) - 1;
  if (exponent === 2 ** bits - 1) {
    throw new LorafitError("data", `${path}: ${name} has a value that is infinite or not a number`, {
      hint: "fetch the model again, or take one that was saved before its training diverged",
    });
  }
  if (exponent - bias >= LIMIT_EXPONENT) {
    throw new LorafitError(
      "data",
      `${path}: ${name} has a value of 2^${exponent - bias} and more, so that the forward pass overflows float32`,
      { hint: "fetch the model again, or take one that was saved before its training diverged" },
    );
  }
}
