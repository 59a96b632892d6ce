import { expect, test } from "vitest";
import { dropoutMask, philox4x32 } from "../src/philox.ts";
import { createRng, hash32, restoreRng } from "../src/rng.ts";

test("murmur3 gives its published values", () => {
  expect(hash32("", 0)).toBe(0);
  expect(hash32("", 1)).toBe(0x514e28b7);
  expect(hash32("test", 0x9747b28c)).toBe(0x704b81dc);
  expect(hash32("Hello, world!", 0x9747b28c)).toBe(0x24884cba);
  expect(hash32("The quick brown fox jumps over the lazy dog", 0x9747b28c)).toBe(0x2fa826cd);
});

test("a generator goes on from its stored state", () => {
  const rng = createRng("order/3");
  for (let i = 0; i < 100; i++) rng.normal();
  const copy = restoreRng(rng.state());
  expect(Array.from({ length: 20 }, () => rng.int(1000))).toEqual(
    Array.from({ length: 20 }, () => copy.int(1000)),
  );
});

test("seeds differ, and uniform and normal have their moments", () => {
  expect(createRng(1).next()).not.toBe(createRng(2).next());
  const rng = createRng(11);
  const n = 100_000;
  let [uniform, sum, squares] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    uniform += rng.next();
    const z = rng.normal();
    sum += z;
    squares += z * z;
  }
  expect(Math.abs(uniform / n - 0.5)).toBeLessThan(0.004);
  expect(Math.abs(sum / n)).toBeLessThan(0.015);
  expect(Math.abs(squares / n - 1)).toBeLessThan(0.02);
});

test.each([
  [
    [0, 0, 0, 0, 0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [Array(6).fill(0xffffffff), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])("philox4x32-10 gives Random123's known answers %#", (input, expected) => {
  const out = new Uint32Array(4);
  philox4x32(out, ...(input as [number, number, number, number, number, number]));
  expect([...out]).toEqual(expected);
});

test("a mask keeps its share, and differs by site, step, micro-step and seed", () => {
  const site = { seed: 7, site: 0, step: 3, microStep: 0 };
  const mask = dropoutMask(site, 80_003, 0.25);
  const kept = mask.reduce((sum, bit) => sum + bit, 0) / mask.length;
  expect(Math.abs(kept - 0.75)).toBeLessThan(0.006);
  expect(dropoutMask(site, 80_003, 0.25)).toEqual(mask);
  expect(dropoutMask(site, 1000, 0.25)).toEqual(mask.subarray(0, 1000));
  for (const other of [{ site: 1 }, { step: 4 }, { microStep: 1 }, { seed: 8 }]) {
    expect(dropoutMask({ ...site, ...other }, 80_003, 0.25)).not.toEqual(mask);
  }
});

test("filling words is as many calls of next, and the stream goes on after it", () => {
  const [one, other] = [createRng("words"), createRng("words")];
  const words = new Int32Array(1000);
  one.fill(words);
  for (const word of words) expect((word >>> 0) / 2 ** 32).toBe(other.next());
  expect(one.next()).toBe(other.next());
});
