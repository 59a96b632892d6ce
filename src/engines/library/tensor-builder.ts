import type { Dim, Shape } from "../../program/program.ts";

/** A tensor of the program that an engine's library runs. Sizes that are products of symbols are written "a*b". */
export interface Tensor {
  readonly shape: Shape;
}

/** A sum that need not be computed yet, so that what is added later goes into the same pass. All terms have one shape. */
export interface Sum {
  readonly terms: readonly Tensor[];
}

export interface ProductOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/**
 * The kernels of a tensor library, as far as operations are lowered to them. Axes count from 0; binary operations broadcast.
 * Equal reshapes, casts and constants are made once.
 */
export interface TensorBuilder {
  /** True if `alpha` of a product costs nothing; otherwise the smaller operand is scaled beforehand. */
  readonly freeAlpha: boolean;
  /** Queries per block of causal attention. */
  readonly queryRows: number;
  /** The result of `make`, computed once for each key. */
  share<T>(key: string, make: () => T): T;
  /** Identity of a tensor, for keys. */
  key(x: Tensor): string;

  scalar(value: number): Tensor;
  /** Float32, computed once for each key. */
  constant(key: string, shape: readonly number[], make: () => Float32Array): Tensor;
  /** The integers end - count, ..., end - 1. */
  indices(count: Dim, end?: Dim): Tensor;
  /** Integers of the shape of x [m,n]: 0, ..., n - 1 in each row. */
  columnIndex(x: Tensor): Tensor;
  zerosLike(x: Tensor): Tensor;

  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Tensor): Tensor;
  min(a: Tensor, b: Tensor): Tensor;
  /** factor x */
  times(x: Tensor, factor: number): Tensor;
  square(x: Tensor): Tensor;
  sqrt(x: Tensor): Tensor;
  rsqrt(x: Tensor): Tensor;
  log(x: Tensor): Tensor;
  exp(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  erf(x: Tensor): Tensor;
  /** x sigmoid(x) */
  silu(x: Tensor): Tensor;
  /** Over the last axis. */
  softmax(x: Tensor): Tensor;

  equal(a: Tensor, b: Tensor): Tensor;
  greaterEqual(a: Tensor, b: Tensor): Tensor;
  lessOrEqual(a: Tensor, b: Tensor): Tensor;
  and(a: Tensor, b: Tensor): Tensor;
  /** 0 where true, a large negative number elsewhere: what is added to scores. */
  maskBias(seen: Tensor): Tensor;
  cast(x: Tensor, to: "f32" | "bf16" | "bool"): Tensor;

  sum(x: Tensor, axis: number, keep: boolean): Tensor;
  mean(x: Tensor, axis: number, keep: boolean): Tensor;
  max(x: Tensor, axis: number, keep: boolean): Tensor;
  sumSquares(x: Tensor, axis: number): Tensor;
  /** columns [m,1], weights [m,1] -> Σ weights column for each of them, [n] */
  weightedSums(columns: readonly Tensor[], weights: Tensor): Tensor;
  /** log Σ exp(scores) over the last axis; `softmax` is that of the scores. */
  logSumExp(scores: Tensor, softmax: Tensor): Tensor;
  /** Sum of tensors of one shape, in one pass. */
  addAll(terms: readonly Tensor[]): Tensor;

  /** alpha a b over the last two axes; the others are equal. */
  matmul(a: Tensor, b: Tensor, options?: ProductOptions): Tensor;
  /** sum + alpha a b (+ bias) for matrices, in float32 whatever their precision. A bias takes the place of terms. */
  accumulate(sum: Sum, a: Tensor, b: Tensor, options?: ProductOptions & { bias?: Tensor | undefined }): Sum;
  /** sum + x */
  accumulateTerm(sum: Sum, x: Tensor): Sum;

  reshape(x: Tensor, shape: Shape): Tensor;
  /** As a vector. */
  flat(x: Tensor): Tensor;
  transpose(x: Tensor, perm: readonly number[]): Tensor;
  slice(x: Tensor, from: number, to: number, axis?: number): Tensor;
  /** The last `count` of an axis, whose size may be a symbol. */
  tail(x: Tensor, count: number, axis?: number): Tensor;
  /** `size` of the result on the axis, where it is a symbol. */
  concat(parts: readonly Tensor[], axis: number, size?: Dim): Tensor;
  split(x: Tensor, sizes: readonly number[], axis: number): Tensor[];
  /** With zeros at the end of `axis`, up to `size`. */
  pad(x: Tensor, axis: number, size: Dim): Tensor;
  /** x [1] -> [size] */
  repeat(x: Tensor, size: number): Tensor;
  /** x [n,..], indices [m] -> [m,..] */
  gather(x: Tensor, indices: Tensor): Tensor;
  /** x [m,n], columns [m] -> [m,1]: one entry of each row. */
  pick(x: Tensor, columns: Tensor): Tensor;
  /** x [m,..], rows [m] -> [size,..]: rows that repeat are summed, others are zero. */
  segmentSum(x: Tensor, rows: Tensor, size: number): Tensor;
  /** `x`, computed only once `done` exist: for libraries that choose the order of computation. */
  after(x: Tensor, done: readonly Tensor[]): Tensor;
}

/** Number of elements; with symbols, a product such as "batch_size*4". */
export function product(dims: Shape): Dim {
  const symbols = dims.filter((d) => typeof d === "string");
  const number = dims.reduce<number>((n, d) => (typeof d === "number" ? n * d : n), 1);
  if (symbols.length === 0) return number;
  return [...symbols, ...(number === 1 ? [] : [number])].join("*");
}

/** Shape of a binary operation's result. */
export function broadcast(a: Shape, b: Shape): Shape {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const skip = long.length - short.length;
  return long.map((d, i) => (i >= skip && d === 1 ? short[i - skip]! : d));
}
