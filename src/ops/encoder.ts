import { expectShape, f32, last, type OpDefinition, sameShape } from "./definition.ts";

/** Ba, Kiros & Hinton 2016, "Layer Normalization". Encoders are not trained, so there is no gradient. */
export const layerNorm: OpDefinition<"layerNorm"> = {
  outputs: ({ x, weight, bias }) => {
    expectShape(sameShape(weight, bias) && weight[0] === last(x), "layerNorm", { x, weight, bias });
    return { y: f32("normed", x) };
  },
  gradient: "none",
  flops: () => 0,
};

/** Hendrycks & Gimpel 2016, "Gaussian Error Linear Units", in the erf form. Encoders are not trained, so there is no gradient. */
export const gelu: OpDefinition<"gelu"> = {
  outputs: ({ x }) => ({ y: f32("activated", x) }),
  gradient: "none",
  flops: () => 0,
};
