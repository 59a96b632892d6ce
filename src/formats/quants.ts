import { bfloat16ToFloat32, float16ToFloat32, float16ToNumber } from "./numbers.ts";

/** Storage of one type of GGUF tensor: blocks of `elements` values in `bytes` bytes (ggml-org/llama.cpp, gguf-py/gguf/quants.py). */
export interface Quant {
  readonly name: string;
  readonly elements: number;
  readonly bytes: number;
  /** Whole blocks -> their values, in order. */
  decode(source: Uint8Array): Float32Array;
}

type DecodeBlock = (block: DataView, out: Float32Array) => void;

function blocks(name: string, elements: number, bytes: number, decodeBlock: DecodeBlock): Quant {
  const decode = (source: Uint8Array): Float32Array => {
    const count = source.byteLength / bytes;
    const out = new Float32Array(count * elements);
    for (let i = 0; i < count; i++) {
      const block = new DataView(source.buffer, source.byteOffset + i * bytes, bytes);
      decodeBlock(block, out.subarray(i * elements, (i + 1) * elements));
    }
    return out;
  };
  return { name, elements, bytes, decode };
}

/** Types without blocks; the source is copied, because it may begin at any address. */
const plain = (name: string, bytes: number, values: (source: ArrayBuffer) => Float32Array): Quant => ({
  name,
  elements: 1,
  bytes,
  decode: (source) => values(new Uint8Array(source).buffer),
});

const half = (block: DataView, at: number): number => float16ToNumber(block.getUint16(at, true));

/** 16 bytes at `at` hold 32 values: low nibbles the first 16, high nibbles the rest; `fifth` holds bit 4 of each. */
function nibbles(
  block: DataView,
  at: number,
  fifth: number,
  out: Float32Array,
  value: (q: number) => number,
): void {
  for (let j = 0; j < 16; j++) {
    const byte = block.getUint8(at + j);
    out[j] = value((byte & 15) | (((fifth >>> j) & 1) << 4));
    out[j + 16] = value((byte >> 4) | (((fifth >>> (j + 16)) & 1) << 4));
  }
}

/** Twelve bytes hold eight 6-bit scales and eight 6-bit minima; the last four of each are spread over three places. */
function sixBits(block: DataView, at: number, j: number): { scale: number; min: number } {
  const byte = (i: number): number => block.getUint8(at + i);
  if (j < 4) return { scale: byte(j) & 63, min: byte(j + 4) & 63 };
  return {
    scale: (byte(j + 4) & 15) | ((byte(j - 4) >> 6) << 4),
    min: (byte(j + 4) >> 4) | ((byte(j) >> 6) << 4),
  };
}

/** Q4_K and Q5_K: eight runs of 32 values, two to a group of 32 bytes; `fifthBits` is where Q5_K keeps bit 4. */
function superBlock(block: DataView, out: Float32Array, low: number, fifthBits: number | null): void {
  const [d, dmin] = [half(block, 0), half(block, 2)];
  for (let j = 0; j < 8; j++) {
    const { scale, min } = sixBits(block, 4, j);
    const [step, floor] = [d * scale, dmin * min];
    for (let i = 0; i < 32; i++) {
      const byte = block.getUint8(low + 32 * (j >> 1) + i);
      const fifth = fifthBits === null ? 0 : ((block.getUint8(fifthBits + i) >> j) & 1) << 4;
      out[32 * j + i] = step * ((j % 2 === 0 ? byte & 15 : byte >> 4) | fifth) - floor;
    }
  }
}

/** By the type number of ggml.h. The products are exact in float64 and are rounded to float32 once. */
export const QUANTS: ReadonlyMap<number, Quant> = new Map([
  [0, plain("F32", 4, (source) => new Float32Array(source))],
  [1, plain("F16", 2, (source) => float16ToFloat32(new Uint16Array(source)))],
  [30, plain("BF16", 2, (source) => bfloat16ToFloat32(new Uint16Array(source)))],
  [
    2,
    blocks("Q4_0", 32, 18, (block, out) => {
      const d = half(block, 0);
      nibbles(block, 2, 0, out, (q) => (q - 8) * d);
    }),
  ],
  [
    3,
    blocks("Q4_1", 32, 20, (block, out) => {
      const [d, m] = [half(block, 0), half(block, 2)];
      nibbles(block, 4, 0, out, (q) => q * d + m);
    }),
  ],
  [
    6,
    blocks("Q5_0", 32, 22, (block, out) => {
      const d = half(block, 0);
      nibbles(block, 6, block.getUint32(2, true), out, (q) => (q - 16) * d);
    }),
  ],
  [
    7,
    blocks("Q5_1", 32, 24, (block, out) => {
      const [d, m] = [half(block, 0), half(block, 2)];
      nibbles(block, 8, block.getUint32(4, true), out, (q) => q * d + m);
    }),
  ],
  [
    8,
    blocks("Q8_0", 32, 34, (block, out) => {
      const d = half(block, 0);
      for (let j = 0; j < 32; j++) out[j] = block.getInt8(2 + j) * d;
    }),
  ],
  [12, blocks("Q4_K", 256, 144, (block, out) => superBlock(block, out, 16, null))],
  [13, blocks("Q5_K", 256, 176, (block, out) => superBlock(block, out, 48, 16))],
  [
    14,
    blocks("Q6_K", 256, 210, (block, out) => {
      const d = half(block, 208);
      for (let at = 0; at < 256; at++) {
        const within = at & 127;
        const low = block.getUint8(64 * (at >> 7) + (within & 63));
        const high = (block.getUint8(128 + 32 * (at >> 7) + (at & 31)) >> (2 * (within >> 5))) & 3;
        const q = (within < 64 ? low & 15 : low >> 4) | (high << 4);
        out[at] = d * block.getInt8(192 + (at >> 4)) * (q - 32);
      }
    }),
  ],
]);
