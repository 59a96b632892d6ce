import { expectShape, f32, last, type OpDefinition, withLast } from "./definition.ts";

/**
 * y = x / sqrt(mean(x²) + eps) * (weight + offset): Zhang & Sennrich 2019, "Root Mean Square Layer Normalization". The weight is
 * frozen.
 */
export const rmsNorm: OpDefinition<"rmsNorm"> = {
  outputs: ({ x, weight }) => {
    const groups = Number(last(x)) / Number(weight[0]);
    expectShape(Number.isInteger(groups), "rmsNorm", { x, weight });
    return { y: f32("normed", x), rstd: f32("rstd", withLast(x, groups)) };
  },
  gradient: ({ b, inputs, outputs: { rstd }, attrs: { offset }, dOutputs, needs }) => ({
    x: needs("x")
      ? b.node("rmsNormGrad", { ...inputs, dy: dOutputs.y!, rstd }, offset === undefined ? {} : { offset }).dx
      : null,
  }),
  flops: () => 0,
};

/** With w = weight + offset: dx = rstd (dy w) - x rstd³ mean(dy w x) */
export const rmsNormGrad: OpDefinition<"rmsNormGrad"> = {
  outputs: ({ x }) => ({ dx: f32("d_normed", x) }),
  gradient: "none",
  flops: () => 0,
};
