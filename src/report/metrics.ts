/** Values of one optimizer step in the curves; losses are nats per token. */
export interface TrainingPoint {
  readonly step: number;
  readonly train_loss?: number;
  readonly valid_loss?: number;
  readonly gradient_norm?: number;
  readonly learning_rate?: number;
}

/** Rows of metrics.jsonl that belong to a curve: events of `train/events.ts` with the file's snake_case keys. */
type MetricsRow =
  | { event: "step-end"; step: number; loss: number; gradient_norm: number; learning_rate: number }
  | { event: "validation-end"; step: number; loss: number };

/**
 * Points from the text of metrics.jsonl, by step. A step that was repeated after a resume has the values of its last row.
 * A line that a kill cut off is skipped.
 */
export function trainingPoints(metrics: string): TrainingPoint[] {
  const points = new Map<number, TrainingPoint>();
  for (const line of metrics.split("\n")) {
    const row = parse(line);
    if (row === undefined) continue;
    points.set(row.step, { ...points.get(row.step), step: row.step, ...valuesOf(row) });
  }
  return [...points.values()].sort((a, b) => a.step - b.step);
}

function valuesOf(row: MetricsRow): Omit<TrainingPoint, "step"> {
  if (row.event === "validation-end") return { valid_loss: row.loss };
  const { loss, gradient_norm, learning_rate } = row;
  return { train_loss: loss, gradient_norm, learning_rate };
}

function parse(line: string): MetricsRow | undefined {
  try {
    const row = JSON.parse(line) as { event?: string };
    return row.event === "step-end" || row.event === "validation-end" ? (row as MetricsRow) : undefined;
  } catch {
    return undefined;
  }
}
