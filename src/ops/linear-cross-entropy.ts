import { expectShape, f32, type OpDefinition, SEED } from "./definition.ts";

/**
 * The head and the loss in one, over labelled rows only: sum of weighted cross entropies and its gradient with respect
 * to h, computed chunk by chunk so that [N, V] logits never exist. The division by the count comes once a step, later.
 */
export const linearCrossEntropy: OpDefinition<"linearCrossEntropy"> = {
  outputs: ({ h, weight, targets, lossWeights }) => {
    const fits = h[1] === weight[1] && h[0] === targets[0] && h[0] === lossWeights[0];
    expectShape(fits, "linearCrossEntropy", { h, weight, targets, lossWeights });
    return { lossSum: f32("loss_sum", [1]), correct: f32("correct", [1]), dh: f32("d_hidden", h) };
  },
  gradient: ({ outputs, dOutputs }) => {
    if (dOutputs.lossSum !== SEED) throw new Error("linearCrossEntropy: its sum must be the loss itself");
    return { h: outputs.dh };
  },
  flops: ({ h, weight }) => 4 * h[0]! * weight[0]! * weight[1]!,
};
