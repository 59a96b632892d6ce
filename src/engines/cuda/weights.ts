import { float32ToBfloat16 } from "../../formats/numbers.ts";
import type { EngineWeights } from "../engine.ts";
import { padded } from "./commands.ts";

/**
 * How frozen weights lie on the device. A matrix: those of `names` one below the other, in rows of padded(columns) + tail bf16
 * numbers, each as many rows as its own rounded up to eight where there are several or a tail; then `tail` rows. The tail
 * takes the low-rank factors: scale B in the columns behind W, A in the rows below. Then one product does both:
 * [x | low] [W | scale B]ᵀ forward, and [dy | s] [W ; A] backward. A vector: float32, `rows` apart.
 */
export type WeightSpec =
  | {
      readonly kind: "matrix";
      readonly names: readonly string[];
      readonly rows: readonly number[];
      readonly columns: number;
      readonly tail: number;
    }
  | { readonly kind: "vector"; readonly names: readonly (string | null)[]; readonly rows: readonly number[] };

/** Same key, same bytes: Programs of a session share them. */
export const weightKey = (spec: WeightSpec): string => JSON.stringify(spec);

const apart = (spec: Extract<WeightSpec, { kind: "matrix" }>, rows: number): number =>
  spec.names.length > 1 || spec.tail > 0 ? padded(rows) : rows;

/** First row of each part, and the row behind the last. */
export function partRows(spec: Extract<WeightSpec, { kind: "matrix" }>): number[] {
  const starts = [0];
  for (const rows of spec.rows) starts.push(starts.at(-1)! + apart(spec, rows));
  return starts;
}

export function weightBytes(spec: WeightSpec): number {
  if (spec.kind === "vector") return 4 * spec.rows.reduce((sum, rows) => sum + padded(rows), 0);
  return 2 * (partRows(spec).at(-1)! + spec.tail) * (padded(spec.columns) + spec.tail);
}

/** The weight as it goes to the device; everything that no weight covers is zero. */
export function weightData(spec: WeightSpec, source: EngineWeights): Uint16Array | Float32Array {
  if (spec.kind === "vector") {
    const out = new Float32Array(weightBytes(spec) / 4);
    let start = 0;
    for (const [i, name] of spec.names.entries()) {
      if (name !== null) out.set(source.read(name), start);
      start += padded(spec.rows[i]!);
    }
    return out;
  }
  const ld = padded(spec.columns) + spec.tail;
  const out = new Uint16Array(weightBytes(spec) / 2);
  const starts = partRows(spec);
  for (const [i, name] of spec.names.entries()) {
    const rounded = float32ToBfloat16(source.read(name));
    for (let row = 0; row < spec.rows[i]!; row++) {
      out.set(rounded.subarray(row * spec.columns, (row + 1) * spec.columns), (starts[i]! + row) * ld);
    }
  }
  return out;
}
