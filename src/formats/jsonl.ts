import { scanJson } from "./json-scan.ts";
import { byteLines, packedProblem, utf8Problem } from "./utf8.ts";

/** A row of a JSONL file: its object with the text as written, or why it has none. Lines count from 1. */
export type JsonLine =
  | { readonly line: number; readonly source: string; readonly value: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly problem: string };

/** More nesting than rows have; code that walks through a value uses the stack. */
const MAX_DEPTH = 512;

/**
 * The rows of a JSONL file, or of a file that is one JSON array of objects. Blank lines and a byte order mark are skipped. What concerns
 * the whole file, such as another encoding, is reported once.
 */
export function jsonLines(bytes: Uint8Array): JsonLine[] {
  const packed = packedProblem(bytes);
  if (packed !== undefined) return [{ line: 1, problem: packed }];
  if (isArrayFile(bytes)) return arrayRows(bytes);
  const lines: JsonLine[] = [];
  for (const [index, source] of byteLines(bytes).entries()) {
    const found = parseLine(source, index + 1);
    if (found === undefined) continue;
    const isBroken = "problem" in found && found.problem.startsWith(NOT_JSON);
    if (lines.length === 0 && isBroken && isSpread(bytes)) {
      const problem = "a row goes over several lines; write each on one line, as `jq -c .` does";
      return [{ line: index + 1, problem }];
    }
    lines.push(found);
  }
  return lines;
}

const NOT_JSON = "is not JSON";

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** True if the file begins with an object that is written over several lines. */
const isSpread = (bytes: Uint8Array): boolean =>
  /^\s*\{\s*\n\s*"/.test(decode(bytes.subarray(0, 64))) || isJson(decode(bytes));

/** True if the first signs are `[{` or `[]`: no line of JSONL begins so. */
const isArrayFile = (bytes: Uint8Array): boolean =>
  /^\s*\[\s*(?:[{\]]|$)/.test(decode(bytes.subarray(0, 64)));

function arrayRows(bytes: Uint8Array): JsonLine[] {
  const problem = utf8Problem(bytes);
  if (problem !== undefined) return [{ line: 1, problem }];
  const text = decode(bytes);
  try {
    const list = JSON.parse(text) as unknown[];
    const { items } = scanJson(text);
    if (items.length < list.length) return [{ line: 1, problem: "is a list with items that are no objects" }];
    let [line, done] = [1, 0];
    return items.map(([start, end]) => {
      line += text.slice(done, start).split("\n").length - 1;
      done = start;
      return parse(text.slice(start, end), line);
    });
  } catch (error) {
    const what = `is a JSON array that is damaged: ${(error as Error).message}`;
    return [{ line: 1, problem: `${what}; correct it, or write one object a line (JSONL)` }];
  }
}

function parseLine(bytes: Uint8Array, line: number): JsonLine | undefined {
  const problem = utf8Problem(bytes);
  if (problem !== undefined) return { line, problem };
  const source = decode(bytes);
  return source.trim() === "" ? undefined : parse(source, line);
}

function parse(source: string, line: number): JsonLine {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return { line, problem: `${NOT_JSON}: ${(error as Error).message}` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { line, problem: "expected a JSON object" };
  }
  const { repeated, depth } = scanJson(source);
  if (repeated.length > 0) {
    return { line, problem: `has the key ${JSON.stringify(repeated[0])} twice in one object` };
  }
  if (depth > MAX_DEPTH) return { line, problem: `is nested more than ${MAX_DEPTH} deep` };
  return { line, source, value: value as Record<string, unknown> };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
