/**
 * Of unit length, so that the dot product of two is their cosine. n-grams give a text without a letter or digit a vector of
 * zeros.
 */
export type Vector = Float32Array;

/** Texts as vectors: the nearer in meaning or wording, the larger their cosine. */
export interface Embedder {
  /** Name of the method with version and parameters: equal names and statistics give equal vectors. */
  readonly name: string;
  readonly dimensions: number;
  embed(text: string): Vector;
}

/** The embedder of a task. */
export interface TaskEmbedder {
  /** Recorded in the lock: equal names give equal vectors. */
  readonly name: string;
  /** @param corpus texts from which n-grams learn how rare each is; absent: `texts` */
  embed(texts: readonly string[], corpus?: readonly string[]): Promise<Vector[]>;
}

/** Cosine of two vectors of one embedder, in [-1, 1]. */
export function cosine(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
