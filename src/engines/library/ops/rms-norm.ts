import type { Lowering } from "../lowering.ts";

export const rmsNorm: Lowering<"rmsNorm"> = ({ b, rows, grid, attrs }) => {
  const x = rows("x");
  const rstd = b.rsqrt(b.add(b.mean(b.square(x), 1, true), b.scalar(attrs.eps)));
  return { y: b.mul(b.mul(x, rstd), grid("weight")), rstd };
};

/** With e = dy weight: dx = rstd e - x rstd³ mean(e x). */
export const rmsNormGrad: Lowering<"rmsNormGrad"> = ({ b, rows, grid }) => {
  const [dy, x, weight, rstd] = [rows("dy"), rows("x"), grid("weight"), rows("rstd")];
  const e = b.mul(dy, weight);
  const mean = b.mean(b.mul(e, x), 1, true);
  const factor = b.mul(b.mul(rstd, rstd), b.mul(rstd, mean));
  return { dx: b.sub(b.mul(e, rstd), b.mul(x, factor)) };
};
