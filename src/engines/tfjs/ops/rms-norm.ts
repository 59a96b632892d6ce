import type { Lowering } from "./lowering.ts";

export const rmsNorm: Lowering<"rmsNorm"> = ({ k, rows, grid, attrs }) => {
  const x = rows("x");
  const mean = k.reduce("Mean", k.map("Square", x), 1, true);
  const rstd = k.map("Rsqrt", k.each("Add", mean, k.scalar(attrs.eps)));
  return [k.each("Multiply", k.each("Multiply", x, rstd), grid("weight")), rstd];
};

/** With e = dy gain: dx = inv e - x inv³ mean(e x). */
export const rmsNormGrad: Lowering<"rmsNormGrad"> = ({ k, rows, grid }) => {
  const [x, rstd] = [rows("x"), rows("rstd")];
  const e = k.each("Multiply", rows("dy"), grid("weight"));
  const mean = k.reduce("Mean", k.each("Multiply", e, x), 1, true);
  const cube = k.each("Multiply", k.map("Square", rstd), rstd);
  const factor = k.times(k.each("Multiply", cube, mean), -1);
  return [[k.each("Multiply", e, rstd), k.each("Multiply", x, factor)]];
};
