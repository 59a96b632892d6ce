import { repeatedKeys } from "./json-keys.ts";
import { byteLines, utf8Problem } from "./utf8.ts";

/** A line of a JSONL file: its object with the line as written, or why it has none. Lines count from 1. */
export type JsonLine =
  | { readonly line: number; readonly source: string; readonly value: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly problem: string };

/** The lines of a JSONL file that are not blank; a byte order mark is skipped. Of UTF-16 only the first line is reported. */
export function jsonLines(bytes: Uint8Array): JsonLine[] {
  const lines: JsonLine[] = [];
  for (const [index, source] of byteLines(bytes).entries()) {
    const found = parse(source, index + 1);
    if (found !== undefined) lines.push(found);
    if (index === 0 && found !== undefined && "problem" in found && found.problem.includes("UTF-16")) break;
  }
  return lines;
}

function parse(bytes: Uint8Array, line: number): JsonLine | undefined {
  const problem = utf8Problem(bytes);
  if (problem !== undefined) return { line, problem };
  const source = new TextDecoder().decode(bytes);
  if (source.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return { line, problem: `is not JSON: ${(error as Error).message}` };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { line, problem: "expected a JSON object" };
  }
  const [twice] = repeatedKeys(source);
  if (twice !== undefined)
    return { line, problem: `has the key ${JSON.stringify(twice)} twice in one object` };
  return { line, source, value: value as Record<string, unknown> };
}
