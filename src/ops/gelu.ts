import { f32, type OpDefinition } from "./definition.ts";

/** x Φ(x): Hendrycks & Gimpel 2016, "Gaussian Error Linear Units", with Φ exact ("erf") or their approximation ("tanh"). */
export const gelu: OpDefinition<"gelu"> = {
  outputs: ({ x }) => ({ y: f32("activated", x) }),
  gradient: ({ b, inputs: { x }, attrs, dOutputs }) => ({
    x: b.node("geluGrad", { dy: dOutputs.y!, x }, attrs).dx,
  }),
  flops: () => 0,
};

export const geluGrad: OpDefinition<"geluGrad"> = {
  outputs: ({ x }) => ({ dx: f32("d_activated", x) }),
  gradient: "none",
  flops: () => 0,
};

/** Φ(x) ≈ (1 + tanh(GELU_SCALE (x + GELU_CUBE x³))) / 2. */
export const GELU_SCALE = Math.sqrt(2 / Math.PI);
export const GELU_CUBE = 0.044715;
