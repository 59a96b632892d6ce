/** Bias of the scores of masked pairs; finite, so that no score becomes NaN. */
export const HIDDEN = -1e9;

/** Queries per block. With a causal mask, keys after the last query of a block are skipped. */
const QUERY_ROWS = 128;

/** Queries `from` to `to`, which attend to keys before `end` only. */
export interface QueryBlock {
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/** Blocks for engines without a fused attention kernel. */
export function queryBlocks(sequence: number, causal: boolean): QueryBlock[] {
  if (!causal) return [{ from: 0, to: sequence, end: sequence }];
  return Array.from({ length: Math.ceil(sequence / QUERY_ROWS) }, (_, i) => {
    const to = Math.min(sequence, (i + 1) * QUERY_ROWS);
    return { from: i * QUERY_ROWS, to, end: to };
  });
}
