import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  it("a missing file is a usage error that names it", () => {
    expect(() => dataLines(join(folder, "none.jsonl"))).toThrow("none.jsonl: cannot be read");
  });
});
