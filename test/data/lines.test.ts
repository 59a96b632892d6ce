import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataLines } from "../../src/data/lines.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lorafit-lines-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function linesOf(name: string, text: string) {
  writeFileSync(join(folder, name), text);
  return dataLines(join(folder, name));
}

describe("data files", () => {
  it("CSV: quotes, commas, doubled quotes, line breaks in a field, CRLF, BOM", () => {
    const text = '\ufefftext,label\r\nplain,a\r\n"x, ""y""\nz",b\r\n\r\n,c\r\nlast,d';
    expect(linesOf("a.csv", text)).toEqual([
      { line: 2, value: { text: "plain", label: "a" } },
      { line: 3, value: { text: 'x, "y"\nz', label: "b" } },
      { line: 6, value: { text: "", label: "c" } },
      { line: 7, value: { text: "last", label: "d" } },
    ]);
  });

  it("CSV: says where a record does not fit the header, and where a quote does not end", () => {
    expect(linesOf("b.csv", "text,label\nx\ny,b\n")).toEqual([
      { line: 2, problem: "has 1 fields where the header has 2" },
      { line: 3, value: { text: "y", label: "b" } },
    ]);
    expect(linesOf("c.csv", 'text,label\nx,a\n"y,b\n').at(-1)).toMatchObject({
      line: 3,
      problem: expect.stringContaining("quoted"),
    });
    expect(linesOf("empty.csv", "")).toEqual([]);
  });

  it("JSONL: blank lines are skipped and what is no object is named", () => {
    expect(linesOf("a.jsonl", '\ufeff{"a":1}\r\n\n[1]\n{')).toMatchObject([
      { line: 1, value: { a: 1 } },
      { line: 3, problem: "expected a JSON object" },
      { line: 4, problem: expect.stringContaining("is not JSON") },
    ]);
  });

  it("files compressed with gzip are read as they are unpacked", () => {
    writeFileSync(join(folder, "rows.csv.gz"), gzipSync("text,label\nx,a\n"));
    writeFileSync(join(folder, "rows.jsonl.gz"), gzipSync('{"text":"x"}\n'));
    expect(dataLines(join(folder, "rows.csv.gz"))).toEqual([{ line: 2, value: { text: "x", label: "a" } }]);
    expect(dataLines(join(folder, "rows.jsonl.gz"))).toMatchObject([{ line: 1, value: { text: "x" } }]);
  });

  it("a missing file is a usage error that names it", () => {
    expect(() => dataLines(join(folder, "none.jsonl"))).toThrow("none.jsonl: cannot be read");
  });

  it.each([
    ["Windows-1252", Buffer.from('{"text":"a"}\n{"text":"caf\xe9"}\n', "latin1"), 2, "byte 0xe9"],
    ["UTF-16 with its mark", Buffer.from('\ufeff{"text":"a"}\n{"text":"b"}\n', "utf16le"), 1, "UTF-16"],
    ["UTF-16 without", Buffer.from('{"text":"a"}\n{"text":"b"}\n', "utf16le"), 1, "UTF-16"],
    ["UTF-16, the other order", Buffer.from('{"text":"a"}\n', "utf16le").swap16(), 1, "UTF-16"],
  ])("bytes that are not UTF-8 are refused by line: %s", (_, bytes, line, what) => {
    for (const name of ["bytes.jsonl", "bytes.csv"]) {
      writeFileSync(join(folder, name), bytes);
      const problems = dataLines(join(folder, name)).filter((found) => "problem" in found);
      expect(problems).toEqual([{ line, problem: expect.stringContaining(what) }]);
    }
  });

  it("a key that is there twice is refused: JSON would keep the last one", () => {
    const text =
      '{"messages":[{"role":"user","content":"a","content":"b"}]}\n{"a":{"x":1},"b":{"x":1},"c":"\\"a\\":"}\n{"text":"a","text":"b"}';
    expect(linesOf("twice.jsonl", text)).toMatchObject([
      { line: 1, problem: 'has the key "content" twice in one object' },
      { line: 2, value: { c: '"a":' } },
      { line: 3, problem: 'has the key "text" twice in one object' },
    ]);
  });
});
