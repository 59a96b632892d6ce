import { expectShape, f32, type OpDefinition, SEED } from "./definition.ts";

/**
 * InfoNCE (van den Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding") over the cosines of mean-pooled
 * texts, in one direction: each query against all passages of the batch. Loss and gradient together.
 */
export const contrastive: OpDefinition<"contrastive"> = {
  outputs: ({ x, segments }) => {
    const fits = x.length === 3 && Number(x[0]) % 2 === 0 && x[0] === segments[0] && x[1] === segments[1];
    expectShape(fits, "contrastive", { x, segments });
    return { lossSum: f32("loss_sum", [1]), correct: f32("correct", [1]), dx: f32("d_hidden", x) };
  },
  gradient: ({ outputs, dOutputs }) => {
    if (dOutputs.lossSum !== SEED) throw new Error("contrastive: its sum must be the loss itself");
    return { x: outputs.dx };
  },
  flops: ({ x }) => 1.5 * x[0]! * x[0]! * x[2]!,
};
