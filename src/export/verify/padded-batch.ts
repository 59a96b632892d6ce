import type { HostTensor } from "../../engines/engine.ts";

/** Token rows of unequal length as one right-padded grid [rows, longest row]. */
export interface PaddedBatch {
  readonly shape: readonly [number, number];
  /** input_ids (0 as padding), positions from 0 on, segments (1 for a token, 0 for padding). */
  readonly feeds: Readonly<
    Record<"input_ids" | "positions" | "segments", HostTensor & { data: BigInt64Array }>
  >;
}

export function paddedBatch(rows: readonly (readonly number[])[]): PaddedBatch {
  const shape = [rows.length, Math.max(...rows.map(({ length }) => length))] as const;
  const grid = (of: (row: readonly number[], t: number) => number) => ({
    shape,
    data: BigInt64Array.from(
      rows.flatMap((row) => Array.from({ length: shape[1] }, (_, t) => BigInt(of(row, t)))),
    ),
  });
  return {
    shape,
    feeds: {
      input_ids: grid((row, t) => row[t] ?? 0),
      positions: grid((row, t) => (t < row.length ? t : 0)),
      segments: grid((row, t) => (t < row.length ? 1 : 0)),
    },
  };
}
