import type { Vector } from "../embed/embedder.ts";

/** A vector without negative numbers as bytes, its largest number as 255; cosines stay within 0.002. */
export function quantise(vector: Vector): Uint8Array {
  const largest = vector.reduce((most, value) => Math.max(most, value), 0) || 1;
  return Uint8Array.from(vector, (value) => Math.round((255 * value) / largest));
}

/** The vector that was quantised, of unit length. */
export function restore(bytes: Uint8Array): Vector {
  const { columns, values } = restoreSparse(bytes);
  const vector = new Float32Array(bytes.length);
  for (const [i, column] of columns.entries()) vector[column] = values[i]!;
  return vector;
}

/** The same by what is not 0, which is little: a text has few of the n-grams. */
export function restoreSparse(bytes: Uint8Array): { columns: Uint32Array; values: Float32Array } {
  const columns = new Uint32Array(bytes.length);
  let [count, squares] = [0, 0];
  for (let j = 0; j < bytes.length; j++) {
    if (bytes[j] === 0) continue;
    columns[count++] = j;
    squares += bytes[j]! ** 2;
  }
  const length = Math.sqrt(squares);
  const own = columns.slice(0, count);
  return { columns: own, values: Float32Array.from(own, (j) => bytes[j]! / length) };
}

/** The nearest of the rows `from` to `to` that is not skipped: its place and cosine (0 where nothing is shared). */
export type Search = (
  vector: Vector,
  from: number,
  to: number,
  skip?: (row: number) => boolean,
) => { readonly at: number; readonly cosine: number };

/** Searches among vectors of unit length for those nearest to another; exact. */
export function searcher(rows: readonly Vector[]): Search {
  const [count, dimensions] = [rows.length, rows[0]?.length ?? 0];
  // By column, because a text has few of the n-grams.
  const columns = new Float32Array(count * dimensions);
  for (const [row, vector] of rows.entries()) {
    for (let j = 0; j < dimensions; j++) columns[j * count + row] = vector[j]!;
  }
  const cosines = new Float32Array(count);
  return (vector, from, to, skip = () => false) => {
    cosines.fill(0, from, to);
    for (let j = 0; j < dimensions; j++) {
      const value = vector[j]!;
      if (value === 0) continue;
      const column = j * count;
      for (let row = from; row < to; row++) cosines[row]! += value * columns[column + row]!;
    }
    let [at, cosine] = [from, 0];
    for (let row = from; row < to; row++) {
      if (cosines[row]! > cosine && !skip(row)) [at, cosine] = [row, cosines[row]!];
    }
    return { at, cosine };
  };
}
