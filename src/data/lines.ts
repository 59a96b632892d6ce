import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { reading } from "../formats/files.ts";
import { jsonLines } from "../formats/jsonl.ts";
import { byteLines, packedProblem, utf8Problem } from "../formats/utf8.ts";

/** One row of a data file: its value, or why it has none. */
export type DataLine =
  | { readonly line: number; readonly value: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly problem: string };

/** A compressed file may grow to this many bytes and eight times its size: text compresses less, and a bomb more. */
const UNPACKED = 64 << 20;

/**
 * The rows of a JSONL file, or of a .csv with a header, either also compressed with gzip; blank lines are skipped, lines count from 1.
 * @throws usage error when the file cannot be read
 */
export function dataLines(path: string): DataLine[] {
  const stored = reading(path, () => readFileSync(path), { kind: "usage" });
  const bytes = isGzip(stored) ? unpacked(stored) : stored;
  if (typeof bytes === "string") return [{ line: 1, problem: bytes }];
  if (!/\.csv(?:\.gz)?$/i.test(path)) return jsonLines(bytes);
  const packed = packedProblem(bytes);
  if (packed !== undefined) return [{ line: 1, problem: packed }];
  for (const [index, line] of byteLines(bytes).entries()) {
    const problem = utf8Problem(line);
    if (problem !== undefined) return [{ line: index + 1, problem }];
  }
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  return csvLines(text.includes("\n") ? text : text.replaceAll("\r", "\n"));
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Content of a gzip file, or why there is none. */
function unpacked(bytes: Uint8Array): Buffer | string {
  try {
    return gunzipSync(bytes, { maxOutputLength: UNPACKED + 8 * bytes.length });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
      ? "is compressed with gzip to less than an eighth; unpack it with gunzip"
      : "is a damaged gzip file";
  }
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
