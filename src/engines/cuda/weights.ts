import { float32ToBfloat16 } from "../../formats/numbers.ts";
import { type PackedFormat, packedBytes, quantise } from "../../formats/quantise.ts";
import type { EngineWeights } from "../engine.ts";
import { padded } from "./commands.ts";

/**
 * How frozen weights lie on the device. A matrix: those of `names` one below the other, in rows of padded(columns) + tail bf16
 * numbers, each as many rows as its own rounded up to eight where there are several or a tail; then `tail` rows. The tail
 * takes the low-rank factors: scale B in the columns behind W, A in the rows below. Then one product does both:
 * [x | low] [W | scale B]ᵀ forward, and [dy | s] [W ; A] backward. Packed: the same rows as blocks, without the tail, which is where they
 * are unpacked to. A vector: float32, `rows` apart.
 */
export type WeightSpec =
  | MatrixSpec
  | { readonly kind: "vector"; readonly names: readonly (string | null)[]; readonly rows: readonly number[] };

export interface MatrixSpec {
  readonly kind: "matrix";
  readonly names: readonly string[];
  readonly rows: readonly number[];
  readonly columns: number;
  readonly loraColumns: number;
  readonly packed?: PackedFormat | undefined;
}

/** Same key, same bytes: Programs of a session share them. */
export const weightKey = (spec: WeightSpec): string => JSON.stringify(spec);

const paddedRows = (spec: MatrixSpec, rows: number): number =>
  spec.names.length > 1 || spec.loraColumns > 0 ? padded(rows) : rows;

/** First row of each part, and the row behind the last. */
export function rowOffsets(spec: MatrixSpec): number[] {
  const partOffsets = [0];
  for (const rows of spec.rows) partOffsets.push(partOffsets.at(-1)! + paddedRows(spec, rows));
  return partOffsets;
}

export function weightBytes(spec: WeightSpec): number {
  if (spec.kind === "vector") return 4 * spec.rows.reduce((sum, rows) => sum + padded(rows), 0);
  if (spec.packed !== undefined) return packedBytes(spec.packed, rowOffsets(spec).at(-1)! * spec.columns);
  return 2 * (rowOffsets(spec).at(-1)! + spec.loraColumns) * (padded(spec.columns) + spec.loraColumns);
}

/** The weight as it goes to the device; everything that no weight covers is zero. */
export function weightData(spec: WeightSpec, source: EngineWeights): Uint8Array | Uint16Array | Float32Array {
  if (spec.kind === "vector") {
    const out = new Float32Array(weightBytes(spec) / 4);
    let start = 0;
    for (const [i, name] of spec.names.entries()) {
      if (name !== null) out.set(source.read(name), start);
      start += padded(spec.rows[i]!);
    }
    return out;
  }
  if (spec.packed !== undefined) return packedData(spec, spec.packed, source);
  const ld = padded(spec.columns) + spec.loraColumns;
  const out = new Uint16Array(weightBytes(spec) / 2);
  const partOffsets = rowOffsets(spec);
  for (const [i, name] of spec.names.entries()) {
    const rounded = float32ToBfloat16(source.read(name));
    for (let row = 0; row < spec.rows[i]!; row++) {
      out.set(rounded.subarray(row * spec.columns, (row + 1) * spec.columns), (partOffsets[i]! + row) * ld);
    }
  }
  return out;
}

/** Rows between the parts are blocks of zeros. */
function packedData(spec: MatrixSpec, format: PackedFormat, source: EngineWeights): Uint8Array {
  const out = new Uint8Array(weightBytes(spec));
  const row = packedBytes(format, spec.columns);
  const partOffsets = rowOffsets(spec);
  for (const [i, name] of spec.names.entries())
    out.set(quantise(format, source.read(name)), partOffsets[i]! * row);
  return out;
}
