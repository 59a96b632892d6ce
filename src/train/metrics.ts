import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { snakeKeys } from "../formats/snake.ts";
import type { LoopEvent } from "./events.ts";

/**
 * Appends events to metrics.jsonl. Of a step that is taken again after a resume the last row counts; a line that a killed
 * process left unfinished is closed, and readers pass over it.
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
