import type { GateActivation } from "./attrs.ts";
import { expectShape, f32, type OpDefinition, sameShape } from "./definition.ts";

/** act(gate) up: Shazeer 2020, "GLU Variants Improve Transformer" (SwiGLU, GEGLU). */
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

/** act(x) = x s with s = sigmoid(u(x)): dGate = dy up s (1 + gate u' (1 - s)), dUp = dy gate s. */
/** u(x) = linear x + cubic x³ of an activation x sigmoid(u(x)); gelu_tanh: 2 sqrt(2/pi) (x + 0.044715 x³) (Hendrycks & Gimpel 2016). */
export const GATES: Readonly<Record<GateActivation, { readonly linear: number; readonly cubic: number }>> = {
  silu: { linear: 1, cubic: 0 },
  gelu_tanh: { linear: 2 * Math.sqrt(2 / Math.PI), cubic: 2 * Math.sqrt(2 / Math.PI) * 0.044715 },
};

export const gatedMlpGrad: OpDefinition<"gatedMlpGrad"> = {
  outputs: ({ dy }) => ({ dGate: f32("d_gate", dy), dUp: f32("d_up", dy) }),
  gradient: "none",
  flops: () => 0,
};
