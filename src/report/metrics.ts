import type { LoopEvent } from "../train/events.ts";
import type { LossPoint } from "./plots.ts";

/**
 * Losses from the text of metrics.jsonl, by step. Of a step that was taken again after a resume the last row counts;
 * a line cut off by a kill is passed over.
 */
export function lossPoints(metrics: string): LossPoint[] {
  const points = new Map<number, LossPoint>();
  for (const line of metrics.split("\n")) {
    const row = parse(line);
    if (row?.event !== "step-end" && row?.event !== "validation-end") continue;
    const loss = row.event === "step-end" ? { train_loss: row.loss } : { valid_loss: row.loss };
    points.set(row.step, { ...points.get(row.step), step: row.step, ...loss });
  }
  return [...points.values()].sort((a, b) => a.step - b.step);
}

function parse(line: string): LoopEvent | undefined {
  try {
    return JSON.parse(line) as LoopEvent;
  } catch {
    return undefined;
  }
}
