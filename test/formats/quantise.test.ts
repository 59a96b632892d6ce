import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { packedBytes, quantise } from "../../src/formats/quantise.ts";
import { QUANTS } from "../../src/formats/quants.ts";

// The expected bytes are those of gguf.quants.quantize (Python package gguf 0.19.0) for the same values.

const row = (value: (i: number) => number): Float32Array =>
  Float32Array.from({ length: 32 }, (_, i) => value(i));
const ramp = row((i) => (((i * 37) % 101) - 50) / 16);
const ROWS = [
  ramp,
  row(() => 0),
  row((i) => Math.fround(-Math.abs(ramp[i]!) * Math.fround(1e-3))),
  row((i) => (i === 5 ? -2 : i === 9 ? 2 : 0.125 * (i % 7))),
];

/** 4,096 blocks of 24 magnitudes from 2^-12 on. */
function many(): Float32Array {
  let state = 12345;
  return Float32Array.from({ length: 4096 * 32 }, (_, k) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround((state >>> 8) / 2 ** 24 - 0.5) * 2 ** (((k >> 5) % 24) - 12);
  });
}

const FORMATS = [
  {
    format: "q8_0",
    type: 8,
    step: 1 / 127,
    rows: [
      "4d2681df3d9af856b41270cd2b89e745a2005ebb1977d53390ee4caa0866c3217fdc",
      "00000000000000000000000000000000000000000000000000000000000000000000",
      "9d0181dfc39af8aab4ee90cdd589e7bba200a2bbe789d5cd90eeb4aaf89ac3df81dc",
      "08240008101820813000087f18202830000810182028300008101820283000081018",
    ],
    many: "350f19d8c2df94addf374b00dd8f916c31bd7a40b4e65c40a8e6facef67d9814",
  },
  {
    format: "q4_0",
    type: 2,
    step: 1 / 8,
    rows: [
      "4036e046acf258bd1379df358be046acf268",
      "008088888888888888888888888888888888",
      "660e20466402585313773135852046640268",
      "003498a9a9baba809b98a9afbaba8b9b98a9",
    ],
    many: "5e17d43f63cc0ce1ad7f9984acc8a3eba3d19e18632056b3f004f63712ca6930",
  },
] as const;

describe.each(FORMATS)("$format", ({ format, type, step, rows, many: digest }) => {
  test("rows have ggml's bytes: ties, zeros, small scales, the first of two extremes", () => {
    expect(ROWS.map((values) => Buffer.from(quantise(format, values)).toString("hex"))).toEqual(rows);
  });

  test("so have 4,096 blocks, and what is read back is within a step", () => {
    const values = many();
    const packed = quantise(format, values);
    expect(packed.length).toBe(packedBytes(format, values.length));
    expect(createHash("sha256").update(packed).digest("hex")).toBe(digest);
    const decoded = QUANTS.get(type)!.decode(packed);
    for (let at = 0; at < values.length; at += 32) {
      const block = values.subarray(at, at + 32);
      const largest = block.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      const worst = block.reduce((max, x, i) => Math.max(max, Math.abs(decoded[at + i]! - x)), 0);
      // A whole step, not half of one: 8 is no value of q4_0, and d is rounded to a half, of which the smallest lie 2^-24 apart.
      expect(worst).toBeLessThan(largest * step * 1.01 + 127 * 2 ** -25);
    }
  });
});

test("what is no whole block is refused; a scale too small for its inverse is zero", () => {
  expect(() => quantise("q8_0", new Float32Array(33))).toThrow(/33 values are no whole blocks of 32/);
  expect([...quantise("q8_0", new Float32Array(32).fill(1e-44))]).toEqual(Array(34).fill(0));
});
