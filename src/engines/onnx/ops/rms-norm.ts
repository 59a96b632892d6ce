import type { Lowering } from "./lowering.ts";

export const rmsNorm: Lowering<"rmsNorm"> = ({ g, rows, grid, attrs }) => {
  const [x, normWeight] = [rows("x"), grid("weight")];
  const one = [x.shape[0]!, 1];
  if (g.profile === "ort") {
    const attributes = { axis: -1, epsilon: { float: attrs.eps }, stash_type: 1 };
    return g.nodes("SimplifiedLayerNormalization", [x, normWeight], attributes, [x.shape, one]);
  }
  const mean = g.each("Add", g.reduce("ReduceMean", g.each("Mul", x, x), 1, true), g.scalar(attrs.eps));
  const rstd = g.node("Reciprocal", [g.node("Sqrt", [mean], {}, one)], {}, one);
  return [g.each("Mul", g.each("Mul", x, rstd), normWeight), rstd];
};

/** With e = dy gain: dx = inv e - x inv³ mean(e x). */
export const rmsNormGrad: Lowering<"rmsNormGrad"> = ({ g, rows, grid }) => {
  const [dy, x, normWeight, rstd] = [rows("dy"), rows("x"), grid("weight"), rows("rstd")];
  const e = g.each("Mul", dy, normWeight);
  const mean = g.reduce("ReduceMean", g.each("Mul", e, x), 1, true);
  const factor = g.each("Mul", g.each("Mul", rstd, rstd), g.each("Mul", rstd, mean));
  return [g.each("Sub", g.each("Mul", e, rstd), g.each("Mul", x, factor))];
};
