import { bfloat16ToFloat32, float32ToBfloat16 } from "../../formats/numbers.ts";
import type { HostTensor } from "../engine.ts";

/** Everything in float64, integers too (exact up to 2^53). Row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  /** "bf16": all values, and products with the tensor, are bfloat16 numbers. Absent: no restriction. */
  readonly dtype?: "bf16";
}

/** Rounded to bfloat16: nearest, ties to even. Eight bits of significand. */
export function toBf16({ shape, data }: Tensor): Tensor {
  const bits = float32ToBfloat16(Float32Array.from(data));
  return { shape, data: Float64Array.from(bfloat16ToFloat32(bits)), dtype: "bf16" };
}

/** A finished product with a frozen matrix: rounded when the matrix is bf16. */
export function roundAs(matrix: Tensor, product: Tensor): Tensor {
  return matrix.dtype === "bf16" ? { shape: product.shape, data: toBf16(product).data } : product;
}

export function tensor(shape: readonly number[], data?: Float64Array): Tensor {
  const size = shape.reduce((product, d) => product * d, 1);
  return { shape, data: data ?? new Float64Array(size) };
}

export function fromHost({ shape, data }: HostTensor): Tensor {
  return {
    shape,
    data: data instanceof BigInt64Array ? Float64Array.from(data, Number) : Float64Array.from(data),
  };
}

/** Product of all sizes but the last, and the last size. */
export function asMatrix({ shape }: Tensor): [rows: number, width: number] {
  const width = shape[shape.length - 1]!;
  return [shape.slice(0, -1).reduce((product, d) => product * d, 1), width];
}

/** out += factor * a bᵀ with a [M,K], b [N,K], out [M,N]. */
export function addProductT(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  M: number,
  N: number,
  K: number,
  factor = 1,
): void {
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a[i * K + k]! * b[j * K + k]!;
      out[i * N + j]! += factor * sum;
    }
  }
}

/** out += factor * a b with a [M,K], b [K,N], out [M,N]. */
export function addProduct(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  M: number,
  N: number,
  K: number,
  factor = 1,
): void {
  for (let i = 0; i < M; i++) {
    for (let k = 0; k < K; k++) {
      const f = factor * a[i * K + k]!;
      for (let j = 0; j < N; j++) out[i * N + j]! += f * b[k * N + j]!;
    }
  }
}

/** out += factor * aᵀ b with a [K,M], b [K,N], out [M,N]. */
export function addTProduct(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  M: number,
  N: number,
  K: number,
  factor = 1,
): void {
  for (let k = 0; k < K; k++) {
    for (let i = 0; i < M; i++) {
      const f = factor * a[k * M + i]!;
      for (let j = 0; j < N; j++) out[i * N + j]! += f * b[k * N + j]!;
    }
  }
}
