import { expectShape, f32, type OpDefinition, SEED } from "./definition.ts";

/** Pooling of transformers' *ForSequenceClassification for decoders. Training gathers rows instead, so it has no gradient. */
export const lastToken: OpDefinition<"lastToken"> = {
  outputs: ({ x, mask }) => {
    expectShape(x.length === 3 && x[0] === mask[0] && x[1] === mask[1], "lastToken", { x, mask });
    return { y: f32("pooled", [x[0]!, x[2]!]) };
  },
  gradient: "none",
  flops: () => 0,
};

export const trainedLinear: OpDefinition<"trainedLinear"> = {
  outputs: ({ x, weight }) => {
    expectShape(x.length === 2 && x[1] === weight[1], "trainedLinear", { x, weight });
    return { y: f32("logits", [x[0]!, weight[0]!]) };
  },
  gradient: ({ b, inputs: { x, weight }, dOutputs }) => {
    const { dx, dWeight } = b.node("trainedLinearGrad", { dy: dOutputs.y!, x, weight }, {});
    return { x: dx, weight: dWeight };
  },
  flops: ({ x, weight }) => 2 * x[0]! * weight[0]! * weight[1]!,
};

export const trainedLinearGrad: OpDefinition<"trainedLinearGrad"> = {
  outputs: ({ x, weight }) => ({ dx: f32("d_pooled", x), dWeight: f32("d_head", weight) }),
  gradient: "none",
  flops: ({ x, weight }) => 4 * x[0]! * weight[0]! * weight[1]!,
};

/** Cross entropy over few classes, whose logits may exist at once. The division by the count comes once a step, later. */
export const crossEntropy: OpDefinition<"crossEntropy"> = {
  outputs: ({ logits, targets, lossWeights }) => {
    const fits = logits[0] === targets[0] && logits[0] === lossWeights[0];
    expectShape(fits, "crossEntropy", { logits, targets, lossWeights });
    return { lossSum: f32("loss_sum", [1]), correct: f32("correct", [1]), dLogits: f32("d_logits", logits) };
  },
  gradient: ({ outputs, dOutputs }) => {
    if (dOutputs.lossSum !== SEED) throw new Error("crossEntropy: its sum must be the loss itself");
    return { logits: outputs.dLogits };
  },
  flops: () => 0,
};
