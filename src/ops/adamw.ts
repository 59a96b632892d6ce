import { expectShape, f32, type OpDefinition, sameShape } from "./definition.ts";

export const sumSquares: OpDefinition<"sumSquares"> = {
  outputs: () => [f32("sum_squares", [1])],
  gradient: "none",
  flops: () => 0,
};

export const clipScale: OpDefinition<"clipScale"> = {
  outputs: ([g]) => [f32("clipped", g!), f32("gradient_norm", [1])],
  gradient: "none",
  flops: () => 0,
};

/** Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", in the order of operations of torch.optim.AdamW. */
export const adamw: OpDefinition<"adamw"> = {
  outputs: (shapes, { groups }) => {
    const [p, g, m, v] = shapes;
    const covered = groups.reduce((sum, group) => sum + group.size, 0);
    expectShape([g, m, v].every((s) => sameShape(p!, s!)) && covered === p![0], "adamw", shapes);
    return [f32("parameters_next", p!), f32("moment1_next", p!), f32("moment2_next", p!)];
  },
  gradient: "none",
  flops: () => 0,
};
