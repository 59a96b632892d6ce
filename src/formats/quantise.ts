import { float32ToFloat16 } from "./numbers.ts";
import { QUANTS } from "./quants.ts";

/** Formats of GGUF that weights can be packed into: a float16 scale and 8 or 4 bits a value, in blocks of 32 neighbours of a row. */
export type PackedFormat = "q8_0" | "q4_0";

/** Values of a block. */
export const BLOCK = 32;
const round = Math.fround;

interface Packing {
  /** Number of the type in a GGUF file. */
  readonly type: number;
  readonly bytes: number;
  /** The scale of a block, in float32. */
  scale(block: Float32Array): number;
  /** `scaled` holds the values divided by the scale; writes what follows the scale. */
  write(out: Uint8Array, scaled: (i: number) => number): void;
}

/** The value of largest magnitude; the first of equal ones. */
function extreme(block: Float32Array): number {
  let found = 0;
  for (const value of block) if (Math.abs(value) > Math.abs(found)) found = value;
  return found;
}

/** Halves away from zero, as C's roundf. */
const roundAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

const PACKINGS: Readonly<Record<PackedFormat, Packing>> = {
  q8_0: {
    type: 8,
    bytes: 34,
    scale: (block) => Math.abs(extreme(block)) / 127,
    write(out, scaled) {
      for (let i = 0; i < BLOCK; i++) out[i] = roundAway(scaled(i));
    },
  },
  q4_0: {
    type: 2,
    bytes: 18,
    // The extreme becomes -8, of which there is no positive counterpart.
    scale: (block) => extreme(block) / -8,
    write(out, scaled) {
      const nibble = (i: number): number => Math.min(15, Math.trunc(round(scaled(i) + 8.5)));
      for (let i = 0; i < BLOCK / 2; i++) out[i] = nibble(i) | (nibble(i + BLOCK / 2) << 4);
    },
  },
};

/** Bytes of `elements` packed values. */
export const packedBytes = (format: PackedFormat, elements: number): number =>
  (elements / BLOCK) * PACKINGS[format].bytes;

/**
 * Rows of finite float32 whose width is a multiple of 32, one behind the other -> their blocks, with the bytes of ggml's own rounding
 * (ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q8_0_ref and quantize_row_q4_0_ref).
 */
export function quantise(format: PackedFormat, values: Float32Array): Uint8Array {
  const { bytes, scale, write } = PACKINGS[format];
  const blocks = values.length / BLOCK;
  if (!Number.isInteger(blocks))
    throw new RangeError(`${values.length} values are no whole blocks of ${BLOCK}`);
  const scales = new Float32Array(blocks);
  const out = new Uint8Array(blocks * bytes);
  for (let n = 0; n < blocks; n++) {
    const block = values.subarray(n * BLOCK, (n + 1) * BLOCK);
    scales[n] = scale(block);
    const inverse = round(1 / scales[n]!);
    const factor = Number.isFinite(inverse) ? inverse : 0; // a scale that has no inverse is 0 as a half
    write(out.subarray(n * bytes + 2, (n + 1) * bytes), (i) => round(block[i]! * factor));
  }
  for (const [n, half] of float32ToFloat16(scales).entries()) {
    out[n * bytes] = half & 255;
    out[n * bytes + 1] = half >> 8;
  }
  return out;
}

/** Whole blocks -> their values. */
export const dequantise = (format: PackedFormat, packed: Uint8Array): Float32Array =>
  QUANTS.get(PACKINGS[format].type)!.decode(packed);
