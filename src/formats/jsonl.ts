/** A line of a JSONL file: its object with the line as written, or why it has none. Lines count from 1. */
export type JsonLine =
  | { readonly line: number; readonly source: string; readonly value: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly problem: string };

const NEWLINE = 0x0a;

/** The lines of a JSONL file that are not blank; a byte order mark is skipped. */
export function jsonLines(bytes: Uint8Array): JsonLine[] {
  const lines: JsonLine[] = [];
  let [line, start] = [0, 0];
  while (start <= bytes.length) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    line++;
    const found = parse(bytes.subarray(start, end), line);
    if (found !== undefined) lines.push(found);
    start = end + 1;
  }
  return lines;
}

function parse(bytes: Uint8Array, line: number): JsonLine | undefined {
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { line, problem: `is not UTF-8${guess(bytes)}; save the file as UTF-8` };
  }
  if (source.trim() === "") return undefined;
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { line, source, value: value as Record<string, unknown> }
      : { line, problem: "expected a JSON object" };
  } catch (error) {
    return { line, problem: `is not JSON: ${(error as Error).message}` };
  }
}

/** The encoding that bytes look like: zero bytes are UTF-16; single bytes from 0x80 on are Windows-1252 or its kin. */
function guess(bytes: Uint8Array): string {
  if (bytes.includes(0) || (bytes[0]! >= 0xfe && bytes[1]! >= 0xfe)) return " but looks like UTF-16";
  const byte = bytes.find((value) => value >= 0x80)!;
  return ` but looks like Windows-1252 (byte 0x${byte.toString(16)})`;
}
