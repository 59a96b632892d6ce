/** Bias of the scores of masked pairs; finite, so that no score becomes NaN. */
export const HIDDEN = -1e9;

/** Queries per block on a CPU. With a causal mask, keys after the last query of a block are skipped. */
export const QUERY_ROWS = 128;

/** Queries `from` to `to`, which attend to keys before `end` only. */
export interface QueryBlock {
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/** Blocks for engines without a fused attention kernel. */
export function queryBlocks(sequence: number, causal: boolean, rows = QUERY_ROWS): QueryBlock[] {
  if (!causal) return [{ from: 0, to: sequence, end: sequence }];
  return Array.from({ length: Math.ceil(sequence / rows) }, (_, i) => {
    const to = Math.min(sequence, (i + 1) * rows);
    return { from: i * rows, to, end: to };
  });
}
