import { expectShape, f32, last, type OpDefinition, rows, withLast } from "./definition.ts";

/** y = x Wᵀ + b, W in the Hugging Face layout [out, in]. The weight is frozen: it has no gradient. */
export const linear: OpDefinition<"linear"> = {
  outputs: ({ x, weight }) => {
    expectShape(last(x) === weight[1], "linear", { x, weight });
    return { y: f32("linear", withLast(x, weight[0]!)) };
  },
  gradient: ({ b, inputs: { weight }, dOutputs, needs }) => ({
    x: needs("x") ? b.node("linearGrad", { dy: dOutputs.y!, weight }, {}).dx : null,
  }),
  flops: ({ x, weight }) => 2 * rows(x) * weight[0]! * weight[1]!,
};

export const linearGrad: OpDefinition<"linearGrad"> = {
  outputs: ({ dy, weight }) => {
    expectShape(last(dy) === weight[0], "linearGrad", { dy, weight });
    return { dx: f32("d_linear", withLast(dy, weight[1]!)) };
  },
  gradient: "none",
  flops: ({ dy, weight }) => 2 * rows(dy) * weight[0]! * weight[1]!,
};
