import { expectShape, f32, type OpDefinition, sameShape } from "./definition.ts";

export const sumSquares: OpDefinition<"sumSquares"> = {
  outputs: () => ({ sum: f32("sum_squares", [1]) }),
  gradient: "none",
  flops: () => 0,
};

export const clipScale: OpDefinition<"clipScale"> = {
  outputs: ({ g }) => ({ clipped: f32("clipped", g), norm: f32("gradient_norm", [1]) }),
  gradient: "none",
  flops: () => 0,
};

/** Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", in the order of operations of torch.optim.AdamW. */
export const adamw: OpDefinition<"adamw"> = {
  outputs: ({ p, g, m, v }, { groups }) => {
    const covered = groups.reduce((sum, group) => sum + group.size, 0);
    expectShape([g, m, v].every((shape) => sameShape(p, shape)) && covered === p[0], "adamw", { p, g, m, v });
    return {
      pNext: f32("parameters_next", p),
      mNext: f32("moment1_next", p),
      vNext: f32("moment2_next", p),
    };
  },
  gradient: "none",
  flops: () => 0,
};
