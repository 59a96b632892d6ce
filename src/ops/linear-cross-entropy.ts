import { expectShape, f32, type OpDefinition, SEED } from "./definition.ts";

/**
 * The head and the loss in one, over labelled rows only: sum of weighted cross entropies and its gradient with respect
 * to h, made chunk by chunk so that [N, V] logits never exist. The division by the count comes once a step, later.
 */
export const linearCrossEntropy: OpDefinition<"linearCrossEntropy"> = {
  outputs: (shapes) => {
    const [h, weight, targets, lossWeights] = shapes;
    expectShape(
      h![1] === weight![1] && h![0] === targets![0] && h![0] === lossWeights![0],
      "linearCrossEntropy",
      shapes,
    );
    return [f32("loss_sum", [1]), f32("correct", [1]), f32("d_hidden", h!)];
  },
  gradient: ({ outputs, dOutputs }) => {
    if (dOutputs[0] !== SEED) throw new Error("linearCrossEntropy: its sum must be the loss itself");
    return [outputs[2]!, null, null, null];
  },
  frozen: { matrix: 1, operands: [0] },
  flops: ([h, weight]) => 4 * h![0]! * weight![0]! * weight![1]!,
};
