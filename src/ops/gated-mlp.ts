import { expectShape, f32, type OpDefinition, sameShape } from "./definition.ts";

/** silu(gate) up: Shazeer 2020, "GLU Variants Improve Transformer" (SwiGLU). */
export const gatedMlp: OpDefinition<"gatedMlp"> = {
  outputs: (shapes) => {
    expectShape(sameShape(shapes[0]!, shapes[1]!), "gatedMlp", shapes);
    return [f32("gated", shapes[0]!)];
  },
  gradient: ({ b, inputs, attrs, dOutputs }) =>
    b.node("gatedMlpGrad", [dOutputs[0]!, inputs[0]!, inputs[1]!], attrs),
  flops: () => 0,
};

/** With s = sigmoid(gate): dgate = dy up s (1 + gate (1 - s)), dup = dy gate s. */
export const gatedMlpGrad: OpDefinition<"gatedMlpGrad"> = {
  outputs: ([dy]) => [f32("d_gate", dy!), f32("d_up", dy!)],
  gradient: "none",
  flops: () => 0,
};
