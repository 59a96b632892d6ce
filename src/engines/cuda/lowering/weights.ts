import { float32ToBfloat16 } from "../../../formats/numbers.ts";
import { type PackedFormat, packedBytes, quantise } from "../../../formats/quantise.ts";
import type { EngineWeights } from "../../engine.ts";

/** Width rounded up to eight bf16 elements: the 16 bytes that a kernel loads at a time. */
export const padded = (width: number): number => Math.ceil(width / 8) * 8;

/**
 * Device layout of frozen weights.
 *
 * Matrix: the weights of `names` below one another, with a row stride of padded(columns) + loraColumns bf16 elements, followed by
 * loraColumns rows. With several weights or LoRA columns each part's rows are padded to eight. The factors go into the added
 * columns (scale B, beside W) and rows (A, below W), so that one GEMM computes both products: [x | xA] [W | scale B]ᵀ forward and
 * [dy | s] [W ; A] backward. Packed: the same rows as quantised blocks, without LoRA columns; those belong to the unpacked copy.
 *
 * Vector: float32, each part padded to eight elements.
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

/** Key under which the Programs of a session share a weight. */
export const weightKey = (spec: WeightSpec): string => JSON.stringify(spec);

const paddedRows = (spec: MatrixSpec, rows: number): number =>
  spec.names.length > 1 || spec.loraColumns > 0 ? padded(rows) : rows;

/** First row of each part, then the first row after the last part. */
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

/** Bytes to upload; zero outside the weights. */
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

/** Padding rows are blocks of zeros. */
function packedData(spec: MatrixSpec, format: PackedFormat, source: EngineWeights): Uint8Array {
  const out = new Uint8Array(weightBytes(spec));
  const row = packedBytes(format, spec.columns);
  const partOffsets = rowOffsets(spec);
  for (const [i, name] of spec.names.entries())
    out.set(quantise(format, source.read(name)), partOffsets[i]! * row);
  return out;
}
