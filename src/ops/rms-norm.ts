import { f32, type OpDefinition, withLast } from "./definition.ts";

/** y = x / sqrt(mean(x²) + eps) * weight: Zhang & Sennrich 2019, "Root Mean Square Layer Normalization". The weight is frozen. */
export const rmsNorm: OpDefinition<"rmsNorm"> = {
  outputs: ([x]) => [f32("normed", x!), f32("rstd", withLast(x!, 1))],
  gradient: ({ b, inputs, outputs, dOutputs, needs }) => [
    needs(0) ? b.node("rmsNormGrad", [dOutputs[0]!, inputs[0]!, inputs[1]!, outputs[1]!], {})[0]! : null,
    null,
  ],
  flops: () => 0,
};

/** dx = inv (dy w) - x inv³ mean(dy w x) */
export const rmsNormGrad: OpDefinition<"rmsNormGrad"> = {
  outputs: ([, x]) => [f32("d_normed", x!)],
  gradient: "none",
  flops: () => 0,
};
