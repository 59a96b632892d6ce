import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { snakeKeys } from "../formats/snake.ts";
import type { LoopEvent } from "./events.ts";

/**
 * Opens metrics.jsonl for appending events. Of a step that is repeated after a resume the last row counts. A line that a killed
 * process left unfinished gets its line break, and readers skip it.
 */
export function openMetrics(path: string): (event: LoopEvent) => void {
  if (existsSync(path) && !endsWithNewline(path)) appendFileSync(path, "\n");
  return (event) => appendFileSync(path, `${JSON.stringify(snakeKeys(event))}\n`);
}

function endsWithNewline(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    return size === 0 || (readSync(file, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
  } finally {
    closeSync(file);
  }
}
