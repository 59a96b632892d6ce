import type { Dim, Shape } from "../../../program/program.ts";
import { product, type Tensor, type TensorBuilder } from "../tensor-builder.ts";

/** x [B,S,n*d] -> [B,n,S,d] */
export function toHeads(b: TensorBuilder, x: Tensor, [B, S]: Shape, n: number): Tensor {
  const d = Number(x.shape.at(-1)) / n;
  return b.transpose(b.reshape(x, [B!, S!, n, d]), [0, 2, 1, 3]);
}

/** [B,n,S,d] in any grouping of its first axes -> [B,S,n,d] */
export function fromHeads(b: TensorBuilder, x: Tensor, [B, S]: Shape, n: number): Tensor {
  return b.transpose(b.reshape(x, [B!, n, S!, x.shape.at(-1)!]), [0, 2, 1, 3]);
}

/** [B,H,S,..] -> [B,K,(H/K) S,..]: query heads that share a key head become rows of one matrix, so that its gradient sums them. */
export function grouped(b: TensorBuilder, x: Tensor, heads: number, kvHeads: number): Tensor {
  const [B, , S, ...rest] = x.shape as [Dim, Dim, Dim, ...Dim[]];
  return b.reshape(x, [B, kvHeads, product([heads / kvHeads, S]), ...rest]);
}

/** q and the factor of products with it: together scale q. */
export function scaledQueries(b: TensorBuilder, q: Tensor, scale: number): { q: Tensor; alpha: number } {
  return b.freeAlpha ? { q, alpha: scale } : { q: b.times(q, scale), alpha: 1 };
}

/** Keys `from` to `to` of an axis; x itself if that is all. */
export function part(b: TensorBuilder, x: Tensor, from: number, to: Dim, axis: number): Tensor {
  return from === 0 && x.shape[axis] === to ? x : b.slice(x, from, Number(to), axis);
}

/** True where a query and a key are nearer than the window, in comparisons of float32 indices; none without a window. */
export function windowLimits(
  b: TensorBuilder,
  queries: Tensor,
  keys: Tensor,
  { causal, window }: { readonly causal: boolean; readonly window?: number | undefined },
): Tensor[] {
  if (window === undefined) return [];
  const [i, j] = [b.cast(queries, "f32"), b.cast(keys, "f32")];
  const reach = b.scalar(window - 1);
  const back = b.lessOrEqual(i, b.add(j, reach));
  return causal ? [back] : [back, b.lessOrEqual(j, b.add(i, reach))];
}
