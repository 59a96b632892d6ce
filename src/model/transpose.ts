/** A matrix stored as [columns, rows] in the layout [rows, columns]; `shape` is the result's. */
export function transpose(stored: Float32Array, shape: readonly number[]): Float32Array {
  const [rows, columns] = shape as readonly [number, number];
  const out = new Float32Array(stored.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) out[row * columns + column] = stored[column * rows + row]!;
  }
  return out;
}
