/** Added to the scores of pairs that do not see each other; finite, so that nothing becomes NaN. */
export const HIDDEN = -1e9;

/** Queries that are worked on together. With a causal mask, the keys behind the last of them are left out. */
const QUERY_ROWS = 128;

/** Queries `from` to `to`, which see at most the keys up to `end`. */
export interface QueryBlock {
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

/** The blocks in which engines without a fused kernel for attention compute it. */
export function queryBlocks(sequence: number, causal: boolean): QueryBlock[] {
  if (!causal) return [{ from: 0, to: sequence, end: sequence }];
  return Array.from({ length: Math.ceil(sequence / QUERY_ROWS) }, (_, i) => {
    const to = Math.min(sequence, (i + 1) * QUERY_ROWS);
    return { from: i * QUERY_ROWS, to, end: to };
  });
}
