import { expectShape, f32, last, type OpDefinition, rows, withLast } from "./definition.ts";

/** y = x Wᵀ + b, W in the Hugging Face layout [out, in]. The weight is frozen: it has no gradient. */
export const linear: OpDefinition<"linear"> = {
  outputs: (shapes) => {
    const [x, weight] = shapes;
    expectShape(last(x!) === weight![1], "linear", shapes);
    return [f32("linear", withLast(x!, weight![0]!))];
  },
  gradient: ({ b, inputs, dOutputs, needs }) =>
    inputs.map((_, i) =>
      i === 0 && needs(0) ? b.node("linearGrad", [dOutputs[0]!, inputs[1]!], {})[0]! : null,
    ),
  frozen: { matrix: 1, operands: [0] },
  flops: ([x, weight]) => 2 * rows(x!) * weight![0]! * weight![1]!,
};

export const linearGrad: OpDefinition<"linearGrad"> = {
  outputs: (shapes) => {
    const [dy, weight] = shapes;
    expectShape(last(dy!) === weight![0], "linearGrad", shapes);
    return [f32("d_linear", withLast(dy!, weight![1]!))];
  },
  gradient: "none",
  frozen: { matrix: 1, operands: [0] },
  flops: ([dy, weight]) => 2 * rows(dy!) * weight![0]! * weight![1]!,
};
