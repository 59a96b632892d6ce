import type { OpName } from "../../ops/attrs.ts";

export type DType = "float32" | "bfloat16" | "int32" | "bool";
export type Shape = readonly number[];

type None = Readonly<Record<never, never>>;

/** Kernels that Programs are lowered to, by their names in tfjs, with the attributes that are used. */
export interface KernelAttrs {
  Add: None;
  Sub: None;
  Multiply: None;
  RealDiv: None;
  Minimum: None;
  Equal: None;
  GreaterEqual: None;
  LogicalAnd: None;
  AddN: None;
  Sqrt: None;
  Rsqrt: None;
  Square: None;
  Log: None;
  Exp: None;
  Sigmoid: None;
  Erf: None;
  Softmax: None;
  Identity: None;
  ZerosLike: None;
  Cast: { readonly dtype: DType };
  BatchMatMul: { readonly transposeA: boolean; readonly transposeB: boolean };
  Sum: { readonly axis: number; readonly keepDims: boolean };
  Mean: { readonly axis: number; readonly keepDims: boolean };
  Max: { readonly axis: number; readonly keepDims: boolean };
  Reshape: { readonly shape: Shape };
  Transpose: { readonly perm: readonly number[] };
  Reverse: { readonly axis: number };
  Slice: { readonly begin: readonly number[]; readonly size: Shape };
  SplitV: { readonly sizes: readonly number[]; readonly axis: number };
  Concat: { readonly axis: number };
  /** Zeros at the end of one axis. */
  PadV2: { readonly axis: number; readonly after: number };
  /** Rows of a matrix or vector. */
  GatherV2: None;
  GatherNd: None;
  UnsortedSegmentSum: { readonly numSegments: number };
}
export type KernelName = keyof KernelAttrs;

/** A tensor of a run: result of a call, feed, or tensor of the session. `slot` is its index. */
export interface Ref {
  readonly slot: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tensor with values that are the same in every run. */
export interface Constant {
  readonly ref: Ref;
  readonly data: Float32Array | Int32Array;
}

/** One kernel call of every run. */
export interface Call<Kernel extends KernelName = KernelName> {
  readonly kernel: Kernel;
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
  readonly attrs: KernelAttrs[Kernel];
  /** Operation that the call is part of. */
  readonly op: OpName | undefined;
}

export const sizeOf = (shape: Shape): number => shape.reduce((product, d) => product * d, 1);
const BYTES = { float32: 4, bfloat16: 2, int32: 4, bool: 1 } as const;
export const bytesOf = ({ shape, dtype }: Omit<Ref, "slot">): number => sizeOf(shape) * BYTES[dtype];

/** [before, after] for each axis. */
export const paddingsOf = (shape: Shape, pad: KernelAttrs["PadV2"]): [number, number][] =>
  shape.map((_, axis) => [0, axis === pad.axis ? pad.after : 0]);
