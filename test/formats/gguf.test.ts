import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import { openGgufFile, readGgufTensor } from "../../src/formats/gguf.ts";
import { ggufBytes, text, u32, u64 } from "./gguf-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-gguf-"));
afterAll(() => rmSync(folder, { recursive: true }));

function open(bytes: Uint8Array): ReturnType<typeof openGgufFile> {
  const path = join(folder, "file.gguf");
  writeFileSync(path, bytes);
  return openGgufFile(path);
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const tensor = { name: "t", shape: [2, 3], type: 0, bytes: floats(1, 2, 3, 4, 5, 6) };
const good = ggufBytes(
  { "general.name": { str: "größe" }, n: { u32: 7 }, words: { strings: ["a", "", "b"] }, on: { bool: true } },
  [tensor, { name: "u", shape: [1], type: 0, bytes: floats(9) }],
);

test("metadata and tensors are read; dimensions are slowest first", () => {
  const file = open(good);
  expect(Object.fromEntries(file.metadata)).toEqual({
    "general.name": "größe",
    n: 7,
    words: ["a", "", "b"],
    on: true,
  });
  expect(file.tensors.get("t")!.shape).toEqual([2, 3]);
  expect([...readGgufTensor(file, "t")]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...readGgufTensor(file, "u")]).toEqual([9]);
});

test("cut off at any byte, the file is refused with a data error", () => {
  for (let length = 0; length < good.length; length++) {
    try {
      open(good.subarray(0, length));
    } catch (error) {
      expect(LorafitError.is(error) && error.kind).toBe("data");
      continue;
    }
    // Only the padding after the last tensor may be missing.
    expect(length).toBeGreaterThanOrEqual(good.length - 28);
  }
});

test("any single byte of the header changed gives a data error or a readable file, never a crash", () => {
  for (let at = 0; at < 200; at++) {
    const bytes = Buffer.from(good);
    bytes[at] = bytes[at]! ^ 0xff;
    try {
      open(bytes);
    } catch (error) {
      expect(LorafitError.is(error) && error.kind).toBe("data");
    }
  }
});

const head = (tensors: number | bigint, keys: number | bigint, ...rest: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from("GGUF"), u32(3), u64(tensors), u64(keys), ...rest, Buffer.alloc(64)]);
const nested = (depth: number): Buffer =>
  Buffer.concat(Array.from({ length: depth }, () => Buffer.concat([u32(9), u64(1)])));
const info = (name: string, dims: (number | bigint)[], type: number, offset: number | bigint): Buffer =>
  Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)]);

test.each([
  ["another magic", Buffer.concat([Buffer.from("GGML"), Buffer.alloc(40)]), /is not a GGUF file/],
  ["version 1", Buffer.concat([Buffer.from("GGUF"), u32(1), Buffer.alloc(40)]), /version 1 is not supported/],
  ["a huge tensor count", head(2n ** 63n, 0), /claims 9223372036854775808 tensors/],
  ["a huge key count", head(0, 2n ** 40n), /claims 1099511627776 /],
  ["a huge string", head(0, 1, u64(2n ** 62n)), /claims 4611686018427387904 /],
  ["a huge array", head(0, 1, text("a"), u32(9), u32(4), u64(2n ** 33n)), /claims 8589934592 /],
  ["deeply nested arrays", head(0, 1, text("a"), u32(9), nested(50)), /nested more than 4 deep/],
  ["an unknown value type", head(0, 1, text("a"), u32(77)), /unknown value type 77/],
  ["a key twice", head(0, 2, text("a"), u32(4), u32(1), text("a"), u32(4), u32(2)), /key a occurs twice/],
  ["alignment 0", head(0, 1, text("general.alignment"), u32(4), u32(0)), /general\.alignment is 0/],
  ["rank 9", head(1, 0, info("t", [1, 1, 1, 1, 1, 1, 1, 1, 1], 0, 0)), /9 dimensions/],
  [
    "an unsupported block type",
    head(1, 0, info("t", [32], 16, 0)),
    /t: type 16 is not supported; supported: F32/,
  ],
  ["half a block", head(1, 0, info("t", [16], 2, 0)), /rows of 16 are not whole blocks of 32 \(Q4_0\)/],
  ["a product beyond 2^53", head(1, 0, info("t", [2n ** 40n, 2n ** 40n], 0, 0)), /bad shape/],
  ["a name longer than ggml knows", head(1, 0, info("t".repeat(65), [4], 0, 0)), /claims 65 /],
  ["an offset outside", head(1, 0, info("t", [4], 0, 2n ** 40n)), /are outside the file/],
  ["an odd offset", head(1, 0, info("t", [4], 0, 5)), /offset 5 is not a multiple of 32/],
  ["a tensor twice", head(2, 0, info("t", [4], 0, 0), info("t", [4], 0, 32)), /t: occurs twice/],
  [
    "overlapping tensors",
    head(2, 0, info("t", [4], 0, 0), info("u", [4], 0, 0)),
    /u: overlaps the tensor before it/,
  ],
])("%s: refused", (_, bytes, message) => {
  expect(() => open(bytes)).toThrow(message);
});
