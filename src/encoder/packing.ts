/** A row of the encoder's grid: texts one after another. */
export interface PackedRow {
  /** Index of each text, and its first position in the row. */
  readonly texts: { readonly index: number; readonly start: number }[];
  length: number;
}

/** Packs texts of these lengths into rows of `width` positions: longest first, each into the first row with room. */
export function packTexts(lengths: readonly number[], width: number): PackedRow[] {
  const order = [...lengths.keys()].sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const rows: PackedRow[] = [];
  for (const index of order) {
    const length = lengths[index]!;
    let row = rows.find((open) => open.length + length <= width);
    if (row === undefined) {
      row = { texts: [], length: 0 };
      rows.push(row);
    }
    row.texts.push({ index, start: row.length });
    row.length += length;
  }
  return rows;
}
