import { expect, test } from "vitest";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../../src/formats/numbers.ts";

test("float16: every kind of number", () => {
  const bits = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00, 0x7e00];
  const values = [0, -0, 1, -2, 65504, 2 ** -14, 2 ** -14 - 2 ** -24, 2 ** -24, Infinity, -Infinity, NaN];
  expect([...float16ToFloat32(Uint16Array.from(bits))]).toEqual(values);
});

test("float32 to bfloat16 rounds to nearest, ties to even; NaN stays NaN, overflow is infinite", () => {
  const bits = Uint32Array.of(
    0x3f800000,
    0x3f808000,
    0x3f818000,
    0x3f808001,
    0x7f7fffff,
    0x7f800001,
    0xffffffff,
    0xff800000,
  );
  const rounded = float32ToBfloat16(new Float32Array(bits.buffer));
  expect([...rounded]).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x7fc0, 0xffff, 0xff80]);
});

test("bfloat16 to float32 and back is exact for every number", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((u) => (u & 0x7fff) <= 0x7f80);
  expect(float32ToBfloat16(bfloat16ToFloat32(all))).toEqual(all);
});

test("float32 to float16 is exact for every half, and rounds values between two to the nearer or even one", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((u) => (u & 0x7fff) <= 0x7c00);
  expect(float32ToFloat16(float16ToFloat32(all))).toEqual(all);
  const positive = all.filter((u) => u < 0x7bff);
  const between = (share: number): Uint16Array => {
    const [low, high] = [float16ToFloat32(positive), float16ToFloat32(positive.map((u) => u + 1))];
    return float32ToFloat16(low.map((x, i) => x + share * (high[i]! - x)));
  };
  expect(between(0.25)).toEqual(positive);
  expect(between(0.75)).toEqual(positive.map((u) => u + 1));
  expect(between(0.5)).toEqual(positive.map((u) => u + (u & 1)));
});

test("float32 to float16 at its ends", () => {
  const values = [
    65519.99,
    65520,
    1e30,
    Infinity,
    -Infinity,
    NaN,
    2 ** -25,
    2 ** -25 * 1.01,
    -(2 ** -30),
    1e-45,
  ];
  const bits = [0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00, 0x7e00, 0, 1, 0x8000, 0];
  expect([...float32ToFloat16(Float32Array.from(values))]).toEqual(bits);
});
