/** float16 and bfloat16, which JavaScript lacks on the Node versions that we support. */

/** Every float16 as float32; 256 KB, made when first used. */
let halfTable: Float32Array | undefined;

function halves(): Float32Array {
  if (halfTable !== undefined) return halfTable;
  halfTable = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) halfTable[bits] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) halfTable[bits] = sign * fraction * 2 ** -24;
    else halfTable[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return halfTable;
}

export const float16ToNumber = (bits: number): number => halves()[bits]!;

export function float16ToFloat32(source: Uint16Array): Float32Array {
  const table = halves();
  const out = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) out[i] = table[source[i]!]!;
  return out;
}

/** A shift by 16 bits. */
export function bfloat16ToFloat32(source: Uint16Array): Float32Array {
  const bits = new Uint32Array(source.length);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Rounds to nearest, ties to even; NaN stays NaN. */
export function float32ToBfloat16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const out = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) {
    const u = bits[i]!;
    const notANumber = (u & 0x7fffffff) > 0x7f800000;
    out[i] = notANumber ? (u >>> 16) | 0x40 : (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
  }
  return out;
}

/** Rounds to nearest, ties to even; from 65520 on infinity; NaN stays NaN. */
export function float32ToFloat16(source: Float32Array): Uint16Array {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const out = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) {
    const size = Math.abs(source[i]!);
    // Halves are 2^(exponent - 10) apart; the subnormal ones have the smallest spacing.
    const exponent = Math.max(((bits[i]! >>> 23) & 255) - 127, -14);
    // Adding 2^52 leaves no bits behind the point, so it rounds as IEEE does; a carry moves on into the exponent.
    const steps = size * 2 ** (10 - exponent) + 2 ** 52 - 2 ** 52;
    const half = Number.isNaN(size) ? 0x7e00 : size >= 65520 ? 0x7c00 : ((exponent + 14) << 10) + steps;
    out[i] = half | ((bits[i]! >>> 16) & 0x8000);
  }
  return out;
}
