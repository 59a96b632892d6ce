import { f32, type OpDefinition, withLast } from "./definition.ts";

/** y = x / sqrt(mean(x²) + eps) * weight: Zhang & Sennrich 2019, "Root Mean Square Layer Normalization". The weight is frozen. */
export const rmsNorm: OpDefinition<"rmsNorm"> = {
  outputs: ({ x }) => ({ y: f32("normed", x), rstd: f32("rstd", withLast(x, 1)) }),
  gradient: ({ b, inputs, outputs: { rstd }, dOutputs, needs }) => ({
    x: needs("x") ? b.node("rmsNormGrad", { ...inputs, dy: dOutputs.y!, rstd }, {}).dx : null,
  }),
  flops: () => 0,
};

/** dx = rstd (dy w) - x rstd³ mean(dy w x) */
export const rmsNormGrad: OpDefinition<"rmsNormGrad"> = {
  outputs: ({ x }) => ({ dx: f32("d_normed", x) }),
  gradient: "none",
  flops: () => 0,
};
