import type { Lowering } from "../lowering.ts";

export const layerNorm: Lowering<"layerNorm"> = ({ b, node, rows, grid, attrs }) => {
  const x = rows("x");
  const mean = b.mean(x, 1, true);
  const centred = b.sub(x, mean);
  const rstd = b.rsqrt(b.add(b.mean(b.square(centred), 1, true), b.scalar(attrs.eps)));
  const scaled = b.mul(b.mul(centred, rstd), grid("weight"));
  return { y: node.inputs.bias === undefined ? scaled : b.add(scaled, grid("bias")), mean, rstd };
};

/** With e = dy weight and n = (x - mean) rstd: dx = rstd (e - mean(e) - n mean(e n)). */
export const layerNormGrad: Lowering<"layerNormGrad"> = ({ b, rows, grid }) => {
  const [rstd, e] = [rows("rstd"), b.mul(rows("dy"), grid("weight"))];
  const n = b.mul(b.sub(rows("x"), rows("mean")), rstd);
  const along = b.mul(n, b.mean(b.mul(e, n), 1, true));
  return { dx: b.mul(rstd, b.sub(b.sub(e, b.mean(e, 1, true)), along)) };
};
