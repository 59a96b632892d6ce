import { readFileSync } from "node:fs";
import { reading } from "../formats/files.ts";
import { jsonLines } from "../formats/jsonl.ts";
import { byteLines, packedProblem, utf8Problem } from "../formats/utf8.ts";

/** One row of a data file: its value, or why it has none. */
export type DataLine =
  | { readonly line: number; readonly value: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly problem: string };

/**
 * The rows of a JSONL file, or of a .csv with a header; blank lines are skipped, lines count from 1.
 * @throws usage error when the file cannot be read
 */
export function dataLines(path: string): DataLine[] {
  const bytes = reading(path, () => readFileSync(path), { kind: "usage" });
  if (!path.toLowerCase().endsWith(".csv")) return jsonLines(bytes);
  const packed = packedProblem(bytes);
  if (packed !== undefined) return [{ line: 1, problem: packed }];
  for (const [index, line] of byteLines(bytes).entries()) {
    const problem = utf8Problem(line);
    if (problem !== undefined) return [{ line: index + 1, problem }];
  }
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  return csvLines(text.includes("\n") ? text : text.replaceAll("\r", "\n"));
}

/** RFC 4180: quoted fields may hold commas, doubled quotes and line breaks. */
function csvLines(text: string): DataLine[] {
  const records: { line: number; fields: string[] }[] = [];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y;
  let [line, start] = [1, 1];
  let fields: string[] = [];
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (match === null)
      return [...toRows(records), { line, problem: "a quoted field does not end, or holds a bare quote" }];
    const [whole, value, end] = match;
    fields.push(value!.startsWith('"') ? value!.slice(1, -1).replaceAll('""', '"') : value!);
    line += whole.split("\n").length - 1;
    if (end === ",") continue;
    if (fields.length > 1 || fields[0] !== "") records.push({ line: start, fields });
    [fields, start] = [[], line];
  }
  return toRows(records);
}

function toRows([header, ...records]: readonly { line: number; fields: string[] }[]): DataLine[] {
  return records.map(({ line, fields }) =>
    fields.length === header!.fields.length
      ? { line, value: Object.fromEntries(header!.fields.map((name, i) => [name, fields[i]])) }
      : { line, problem: `has ${fields.length} fields where the header has ${header!.fields.length}` },
  );
}
