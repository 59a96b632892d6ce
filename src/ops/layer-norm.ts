import { expectShape, f32, last, type OpDefinition, sameShape, withLast } from "./definition.ts";

/** y = (x - mean) rstd weight + bias: Ba, Kiros & Hinton 2016, "Layer Normalization". Weight and bias are frozen. */
export const layerNorm: OpDefinition<"layerNorm"> = {
  outputs: ({ x, weight, bias = weight }) => {
    expectShape(sameShape(weight, bias) && weight[0] === last(x), "layerNorm", { x, weight, bias });
    const statistic = withLast(x, 1);
    return { y: f32("normed", x), mean: f32("mean", statistic), rstd: f32("rstd", statistic) };
  },
  gradient: ({ b, inputs: { x, weight }, outputs: { mean, rstd }, dOutputs, needs }) => ({
    x: needs("x") ? b.node("layerNormGrad", { dy: dOutputs.y!, x, weight, mean, rstd }, {}).dx : null,
  }),
  flops: () => 0,
};

/** With e = dy weight and n = (x - mean) rstd: dx = rstd (e - mean(e) - n mean(e n)). */
export const layerNormGrad: OpDefinition<"layerNormGrad"> = {
  outputs: ({ x }) => ({ dx: f32("d_normed", x) }),
  gradient: "none",
  flops: () => 0,
};
