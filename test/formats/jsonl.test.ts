import { expect, test } from "vitest";
import { jsonLines } from "../../src/formats/jsonl.ts";

const lines = (text: string, encoding: BufferEncoding = "utf8") => jsonLines(Buffer.from(text, encoding));

test("objects with their line and source; blank lines count and are skipped", () => {
  expect(lines('\ufeff{"a": "é"}\r\n\n  {"b": 2}')).toEqual([
    { line: 1, source: '{"a": "é"}\r', value: { a: "é" } },
    { line: 3, source: '  {"b": 2}', value: { b: 2 } },
  ]);
  expect(lines("")).toEqual([]);
});

test("what is no object is a problem of its line", () => {
  expect(lines('[1]\n{"a"\n{"b": 2}')).toMatchObject([
    { line: 1, problem: "expected a JSON object" },
    { line: 2, problem: expect.stringMatching(/^is not JSON: /) },
    { line: 3, value: { b: 2 } },
  ]);
});

test("bytes that are not UTF-8 are named with the encoding that they look like", () => {
  expect(lines('{"a": "plain"}\n{"a": "caf\u00e9"}', "latin1")).toMatchObject([
    { line: 1 },
    { line: 2, problem: "is not UTF-8 but looks like Windows-1252 (byte 0xe9); save the file as UTF-8" },
  ]);
  expect(jsonLines(Buffer.from('\ufeff{"a": 1}', "utf16le"))).toMatchObject([
    { problem: "is not UTF-8 but UTF-16; save the file as UTF-8" },
  ]);
});

test("a JSON array is read as its objects, each with the line on which it begins", () => {
  expect(lines('\ufeff[\n {"a": 1},\n {"b": "[{",\n  "c": 2}\n]')).toEqual([
    { line: 2, source: '{"a": 1}', value: { a: 1 } },
    { line: 3, source: '{"b": "[{",\n  "c": 2}', value: { b: "[{", c: 2 } },
  ]);
  expect(lines('[{"a": 1, "a": 2}]')).toEqual([{ line: 1, problem: 'has the key "a" twice in one object' }]);
  expect(lines("[]")).toEqual([]);
});

test.each([
  ["a damaged array", '[{"a": 1},\n{"b"', /^is a JSON array that is damaged: /],
  ["an array with a number", '[{"a": 1}, 2]', /^is a list with items that are no objects/],
  ["an object over several lines", '{\n "a": 1\n}\n{\n "a": 2\n}\n', /^a row goes over several lines/],
  ["one object that begins with text", '{"a":\n1}\n', /^a row goes over several lines/],
  ["gzip", "\x1f\x8b\x08\x00\xff\n\xfe\n", /^is compressed with gzip; unpack it/],
  ["zstd", "\x28\xb5\x2f\xfd\xff\n\xfe\n", /^is compressed with zstd/],
  ["a ZIP archive", "PK\x03\x04\xff\n\xfe\n", /^is a ZIP archive/],
  ["Parquet", "PAR1\xff\n\xfe\n", /^is a Parquet file/],
  ["UTF-16", "\xff\xfe{\x00\n\x00", /^is not UTF-8 but UTF-16/],
])("%s gives one message that says what to do", (_, text, problem) => {
  expect(jsonLines(Buffer.from(text, "latin1"))).toEqual([
    { line: 1, problem: expect.stringMatching(problem) },
  ]);
});

test("a file whose lines end with carriage returns alone has as many rows", () => {
  expect(lines('{"a": 1}\r{"b": 2}\r')).toMatchObject([
    { line: 1, value: { a: 1 } },
    { line: 2, value: { b: 2 } },
  ]);
});

test("nesting that would exhaust the stack is refused", () => {
  const nested = (depth: number) => `{"a": ${"[".repeat(depth)}${"]".repeat(depth)}}`;
  expect(lines(nested(500))).toMatchObject([{ value: { a: expect.anything() } }]);
  expect(lines(nested(100_000))).toEqual([{ line: 1, problem: "is nested more than 512 deep" }]);
});
