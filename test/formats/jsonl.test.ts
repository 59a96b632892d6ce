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
