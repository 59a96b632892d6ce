import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import { openSafetensors, readBytes, readFloat32, writeSafetensors } from "../../src/formats/safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file.safetensors");

/** A file with this header text and so many bytes of data. */
function file(header: string | Buffer, bytes: number, claimed?: bigint): Buffer {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Buffer.concat([prefix, text, Buffer.alloc(bytes)]);
}
const open = (bytes: Uint8Array): ReturnType<typeof openSafetensors> => {
  writeFileSync(path, bytes);
  return openSafetensors(path);
};
const tensor = (begin: number, end: number, shape = "[1]", dtype = '"F32"'): string =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":[${begin},${end}]}`;

test("what is written reads back: types, shapes, metadata; tensors start at multiples of 8", () => {
  const tensors = {
    b: { shape: [2, 2], data: Float32Array.of(1, -2, Number.NaN, Number.POSITIVE_INFINITY) },
    a: { shape: [1], data: BigInt64Array.of(-5n) },
    "größe.ß": { shape: [3], data: Uint8Array.of(1, 2, 255) },
    none: { shape: [0, 4], data: new Float32Array(0) },
    scalar: { shape: [], data: Float64Array.of(0.1) },
  };
  writeSafetensors(path, tensors, { format: "pt", note: "x" });
  const read = openSafetensors(path);
  expect(read.metadata).toEqual({ format: "pt", note: "x" });
  expect([...read.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
  expect(read.tensors.get("a")!.offset % 8).toBe(0);
  expect(read.tensors.get("none")!.shape).toEqual([0, 4]);
  expect(readFloat32(read, "b")).toEqual(tensors.b.data);
  expect(readFloat32(read, "scalar")).toEqual(Float32Array.of(0.1));
  expect([...readBytes(read, "größe.ß").bytes]).toEqual([1, 2, 255]);
  expect(() => readFloat32(read, "a")).toThrow(/a is of type I64, not a floating type/);
  expect(() => readFloat32(read, "c")).toThrow(/there is no tensor c/);
  // The same content gives the same bytes.
  const bytes = readFileSync(path);
  writeSafetensors(path, tensors, { format: "pt", note: "x" });
  expect(readFileSync(path)).toEqual(bytes);
});

test("float16 and bfloat16 are widened", () => {
  const header = `{"h":${tensor(0, 4, "[2]", '"F16"')},"b":${tensor(4, 8, "[2]", '"BF16"')}}`;
  const bytes = file(header, 0);
  const read = open(Buffer.concat([bytes, Buffer.of(0x00, 0x3c, 0x01, 0x80, 0x80, 0x3f, 0x49, 0x40)]));
  expect([...readFloat32(read, "h")]).toEqual([1, -(2 ** -24)]);
  expect([...readFloat32(read, "b")]).toEqual([1, 3.140625]);
});

test("cut off at any byte, the file is refused with a data error", () => {
  const whole = file(`{"t":${tensor(0, 8, "[2]")}}`, 8);
  expect(open(whole).tensors.size).toBe(1);
  for (let length = 0; length < whole.length; length++) {
    let error: unknown;
    try {
      open(whole.subarray(0, length));
    } catch (caught) {
      error = caught;
    }
    expect(LorafitError.is(error) && error.kind, `${length} bytes`).toBe("data");
  }
});

const deep = `{"t":${"[".repeat(200_000)}`;
test.each([
  ["a length beyond the file", file("{}", 0, 2n ** 63n), /claims 9223372036854775808 bytes/],
  ["a length above the limit", file("{}", 0, 100_000_001n), /claims 100000001 bytes/],
  ["no JSON", file("hello", 0), /not JSON/],
  ["an unterminated string", file('{"a', 0), /not JSON/],
  ["a byte-order mark", file("\ufeff{}", 0), /not JSON/],
  ["bytes that are not UTF-8", file(Buffer.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 0), /not JSON/],
  ["deep nesting", file(deep, 0), /not JSON/],
  ["a list", file("[]", 0), /not an object/],
  ["metadata that is not text", file('{"__metadata__":{"a":1}}', 0), /__metadata__ is not a map of strings/],
  ["a name twice", file(`{"t":${tensor(0, 4)},"t":${tensor(0, 4)}}`, 4), /occur twice: t/],
  [
    "a name twice, once escaped and spaced",
    file(`{"t":${tensor(0, 4)},"\\u0074"${" ".repeat(99)}:${tensor(0, 4)}}`, 4),
    /occur twice: t/,
  ],
  ["an unknown type", file(`{"t":${tensor(0, 4, "[1]", '"F7"')}}`, 4), /unknown dtype "F7"/],
  [
    "a type from the prototype",
    file(`{"t":${tensor(0, 4, "[1]", '"constructor"')}}`, 4),
    /unknown dtype "constructor"/,
  ],
  ["a negative dimension", file(`{"t":${tensor(0, 4, "[-1]")}}`, 4), /bad shape/],
  ["a fractional dimension", file(`{"t":${tensor(0, 4, "[1.5]")}}`, 4), /bad shape/],
  [
    "a product beyond 2^53",
    file(`{"t":${tensor(0, 4, "[9007199254740991,9007199254740991]")}}`, 4),
    /needs .* bytes, has 4/,
  ],
  ["rank 9", file(`{"t":${tensor(0, 4, "[1,1,1,1,1,1,1,1,1]")}}`, 4), /bad shape/],
  ["offsets outside", file(`{"t":${tensor(0, 400, "[100]")}}`, 4), /are outside the file/],
  ["offsets in reverse", file(`{"t":${tensor(4, 0)}}`, 4), /are outside the file/],
  [
    "a size that is not the shape's",
    file(`{"t":${tensor(0, 8)}}`, 8),
    /shape \[1\] of F32 needs 4 bytes, has 8/,
  ],
  [
    "overlap",
    file(`{"t":${tensor(0, 8, "[2]")},"u":${tensor(4, 12, "[2]")}}`, 12),
    /u overlaps the tensor before it/,
  ],
  ["a hole", file(`{"t":${tensor(0, 4)},"u":${tensor(8, 12)}}`, 12), /u leaves a hole before it/],
  ["bytes behind the last tensor", file(`{"t":${tensor(0, 4)}}`, 9), /5 bytes after the last tensor/],
  ["a tensor that is no object", file('{"t":null}', 0), /t: is not an object/],
])("%s: refused", (_, bytes, message) => {
  expect(() => open(bytes)).toThrow(message);
});

test("all bad tensors are listed", () => {
  expect(() => open(file(`{"t":${tensor(0, 8)},"u":${tensor(0, 4, "[1]", '"X"')}}`, 8))).toThrow(
    /t: shape[\s\S]*u: unknown dtype/,
  );
});
