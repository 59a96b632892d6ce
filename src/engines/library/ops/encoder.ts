import type { Lowering } from "../lowering.ts";

export const layerNorm: Lowering<"layerNorm"> = ({ b, rows, grid, attrs }) => {
  const x = rows("x");
  const centred = b.sub(x, b.mean(x, 1, true));
  const rstd = b.rsqrt(b.add(b.mean(b.square(centred), 1, true), b.scalar(attrs.eps)));
  return { y: b.add(b.mul(b.mul(centred, rstd), grid("weight")), grid("bias")) };
};

export const gelu: Lowering<"gelu"> = ({ b, rows }) => {
  const x = rows("x");
  const half = b.times(x, 0.5);
  return { y: b.add(half, b.mul(half, b.erf(b.times(x, Math.SQRT1_2)))) };
};
