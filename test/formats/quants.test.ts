import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { QUANTS } from "../../src/formats/quants.ts";

/** 1.0, 0.5, 2.0 and -1.0 as float16, little-endian. */
const [ONE, HALF, TWO, MINUS] = [
  [0x00, 0x3c],
  [0x00, 0x38],
  [0x00, 0x40],
  [0x00, 0xbc],
] as const;

function decode(id: number, bytes: readonly number[]): number[] {
  const type = QUANTS.get(id)!;
  expect(bytes.length).toBe(type.bytes);
  // At an odd address, as in a file.
  const source = new Uint8Array(bytes.length + 1);
  source.set(bytes, 1);
  return [...type.decode(source.subarray(1))];
}
const repeat = (count: number, value: number): number[] => Array.from({ length: count }, () => value);
/** Byte i holds i in its low and 15 - i in its high nibble. */
const RAMP = Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4));

test("plain types", () => {
  expect(decode(0, [0, 0, 0x80, 0x3f])).toEqual([1]);
  expect(decode(1, [...MINUS])).toEqual([-1]);
  expect(decode(30, [0x80, 0xbf])).toEqual([-1]);
});

test("Q4_0: (q - 8) * d, low nibbles first", () => {
  const out = decode(2, [...HALF, ...RAMP]);
  expect(out.slice(0, 3)).toEqual([-4, -3.5, -3]);
  expect(out.slice(16, 19)).toEqual([3.5, 3, 2.5]);
});

test("Q4_1: q * d + m", () => {
  const out = decode(3, [...TWO, ...MINUS, ...RAMP]);
  expect(out.slice(0, 3)).toEqual([-1, 1, 3]);
  expect(out[31]).toBe(-1);
});

test("Q5_0 and Q5_1: bit i of the u32 is the fifth bit of element i", () => {
  // Fifth bits of elements 0, 17 and 31.
  const high = [0x01, 0x00, 0x02, 0x80];
  const signed = decode(6, [...ONE, ...high, ...RAMP]);
  expect([signed[0], signed[1], signed[16], signed[17], signed[31]]).toEqual([0, -15, -1, 14, 0]);
  const offset = decode(7, [...ONE, ...HALF, ...high, ...RAMP]);
  expect([offset[0], offset[1], offset[16], offset[17], offset[31]]).toEqual([16.5, 1.5, 15.5, 30.5, 16.5]);
});

test("Q8_0: signed bytes times d", () => {
  const out = decode(8, [...HALF, 1, 0xff, 0x80, 0x7f, ...repeat(28, 0)]);
  expect(out.slice(0, 5)).toEqual([0.5, -0.5, -64, 63.5, 0]);
});

/**
 * Scales 1, 2, 3, 4 and minima 5, 6, 7, 8 for sub-blocks 0-3, scale 0b110101 = 53 and minimum 0b101001 = 41 for sub-block 4,
 * scale 9 and minimum 2 for sub-block 5; 0 for the rest.
 */
const SCALES = [
  1 | (0b11 << 6),
  2,
  3,
  4,
  5 | (0b10 << 6),
  6,
  7,
  8,
  0b0101 | (0b1001 << 4),
  9 | (2 << 4),
  0,
  0,
];

test("Q4_K: d * scale * q - dmin * minimum, 6-bit scales, 32 elements a sub-block", () => {
  const out = decode(12, [
    ...TWO,
    ...HALF,
    ...SCALES,
    ...repeat(32, 0x31),
    ...repeat(32, 0x42),
    ...repeat(32, 0x23),
    ...repeat(32, 0),
  ]);
  const perBlock = [0, 1, 2, 3, 4, 5, 6].map((j) => out[32 * j]);
  expect(perBlock).toEqual([
    2 * 1 * 1 - 2.5,
    2 * 2 * 3 - 3,
    2 * 3 * 2 - 3.5,
    2 * 4 * 4 - 4,
    2 * 53 * 3 - 20.5,
    2 * 9 * 2 - 1,
    0,
  ]);
  expect(new Set(out.slice(32, 64)).size).toBe(1);
});

test("Q5_K: bit j of high byte i is the fifth bit of element i of sub-block j", () => {
  const high = [0b00000010, 0b00100000, ...repeat(30, 0)];
  const out = decode(13, [...ONE, ...HALF, ...SCALES, ...high, ...repeat(128, 0x11)]);
  expect([out[0], out[32], out[33]]).toEqual([1 - 2.5, 2 * 17 - 3, 2 - 3]);
  expect([out[32 * 5], out[32 * 5 + 1]]).toEqual([9 - 1, 9 * 17 - 1]);
});

test("Q6_K: low nibbles, two high bits, signed scales per 16, d last", () => {
  const low = [...repeat(64, 0x21), ...repeat(64, 0x43)];
  // High byte 0 of either half: two bits each for elements 0, 32, 64 and 96 of that half.
  const high = [0b11_10_01_00, ...repeat(31, 0), 0b00_01_10_11, ...repeat(31, 0)];
  const scales = [1, 1, 2, 1, 3, 1, 0xff, 1, 4, ...repeat(7, 1)];
  const out = decode(14, [...low, ...high, ...scales, ...HALF]);
  expect([out[0], out[32], out[64], out[96]]).toEqual([
    (1 - 32) * 0.5,
    (1 + 16 - 32) * 0.5 * 2,
    (2 + 32 - 32) * 0.5 * 3,
    (2 + 48 - 32) * 0.5 * -1,
  ]);
  expect([out[128], out[160], out[192], out[224], out[255]]).toEqual([
    (3 + 48 - 32) * 0.5 * 4,
    (3 + 32 - 32) * 0.5,
    (4 + 16 - 32) * 0.5,
    (4 - 32) * 0.5,
    (4 - 32) * 0.5,
  ]);
});

interface Golden {
  readonly type: number;
  readonly bytes: string;
  readonly values: string;
}
const goldens = Object.entries(
  JSON.parse(readFileSync(new URL("golden/quants.json", import.meta.url), "utf8")) as Record<string, Golden>,
);

test.each(goldens)("%s: random blocks have the values of gguf-py, bit for bit", (name, golden) => {
  const type = QUANTS.get(golden.type)!;
  expect(type.name).toBe(name);
  const values = type.decode(Buffer.from(golden.bytes, "base64"));
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  expect(bytes.equals(Buffer.from(golden.values, "base64"))).toBe(true);
});

test("every type that is read has a golden", () => {
  expect(goldens.map(([, { type }]) => type).sort()).toEqual([...QUANTS.keys()].sort());
});
