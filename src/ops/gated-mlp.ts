import { expectShape, f32, type OpDefinition, sameShape } from "./definition.ts";

/** silu(gate) up: Shazeer 2020, "GLU Variants Improve Transformer" (SwiGLU). */
export const gatedMlp: OpDefinition<"gatedMlp"> = {
  outputs: ({ gate, up }) => {
    expectShape(sameShape(gate, up), "gatedMlp", { gate, up });
    return { y: f32("gated", gate) };
  },
  gradient: ({ b, inputs, attrs, dOutputs }) => {
    const { dGate, dUp } = b.node("gatedMlpGrad", { ...inputs, dy: dOutputs.y! }, attrs);
    return { gate: dGate, up: dUp };
  },
  flops: () => 0,
};

/** With s = sigmoid(gate): dGate = dy up s (1 + gate (1 - s)), dUp = dy gate s. */
export const gatedMlpGrad: OpDefinition<"gatedMlpGrad"> = {
  outputs: ({ dy }) => ({ dGate: f32("d_gate", dy), dUp: f32("d_up", dy) }),
  gradient: "none",
  flops: () => 0,
};
