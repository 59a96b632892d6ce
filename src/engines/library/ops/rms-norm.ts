import type { Lowering } from "../lowering.ts";
import { product, type Tensor, type TensorBuilder } from "../tensor-builder.ts";

/** x [T,n D] as rows of a norm's width, [T n,D]: one row for each position, or for each of its heads. */
export function normRows(b: TensorBuilder, x: Tensor, weight: Tensor): Tensor {
  const width = Number(weight.shape[0]);
  return x.shape[1] === width ? x : b.reshape(x, [product([x.shape[0]!, Number(x.shape[1]) / width]), width]);
}

/** weight + offset */
export function offsetWeight(b: TensorBuilder, weight: Tensor, offset = 0): Tensor {
  if (offset === 0) return weight;
  return b.share(`/norm/${b.key(weight)}/${offset}`, () => b.add(weight, b.scalar(offset)));
}

export const rmsNorm: Lowering<"rmsNorm"> = ({ b, rows, grid, attrs }) => {
  const weight = grid("weight");
  const x = normRows(b, rows("x"), weight);
  const rstd = b.rsqrt(b.add(b.mean(b.square(x), 1, true), b.scalar(attrs.eps)));
  return { y: b.mul(b.mul(x, rstd), offsetWeight(b, weight, attrs.offset)), rstd };
};

/** With e = dy (weight + offset): dx = rstd e - x rstd³ mean(e x). */
export const rmsNormGrad: Lowering<"rmsNormGrad"> = ({ b, rows, grid, attrs }) => {
  const weight = grid("weight");
  const [dy, x] = [normRows(b, rows("dy"), weight), normRows(b, rows("x"), weight)];
  const rstd = b.reshape(rows("rstd"), [x.shape[0]!, 1]);
  const e = b.mul(dy, offsetWeight(b, weight, attrs.offset));
  const mean = b.mean(b.mul(e, x), 1, true);
  const factor = b.mul(b.mul(rstd, rstd), b.mul(rstd, mean));
  return { dx: b.sub(b.mul(e, rstd), b.mul(x, factor)) };
};
