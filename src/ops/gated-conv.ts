import type { Shape } from "../program/program.ts";
import { expectShape, f32, last, type OpDefinition, withLast } from "./definition.ts";

/**
 * Double-gated short convolution: transformers' modeling_lfm2.py, Lfm2ShortConv. The columns of x are B, C and v; filter and
 * bias are frozen.
 */
export const gatedConv: OpDefinition<"gatedConv"> = {
  outputs: (shapes) => ({ y: f32("convolved", withLast(shapes.x, width("gatedConv", shapes))) }),
  gradient: ({ b, inputs, dOutputs, needs }) => ({
    x: needs("x") ? b.node("gatedConvGrad", { ...inputs, dy: dOutputs.y! }, {}).dx : null,
  }),
  flops: () => 0,
};

/**
 * With u = B v, g = dy C and the convolution's result c: dC = dy c, du_t = Σ_j filter_{L-1-j} g_{t+j} over the same segment,
 * dB = du v, dv = du B.
 */
export const gatedConvGrad: OpDefinition<"gatedConvGrad"> = {
  outputs: ({ x }) => ({ dx: f32("d_convolved", x) }),
  gradient: "none",
  flops: () => 0,
};

export const cachedGatedConv: OpDefinition<"cachedGatedConv"> = {
  outputs: (shapes) => ({
    y: f32("convolved", withLast(shapes.x, width("cachedGatedConv", shapes))),
    present: f32("present_conv", shapes.past),
  }),
  gradient: "none",
  flops: () => 0,
};

/** D of x [..,3 D] and filter [D,1,L]. */
function width(op: string, { x, filter }: { readonly x: Shape; readonly filter: Shape }): number {
  expectShape(last(x) === 3 * Number(filter[0]) && filter[1] === 1, op, { x, filter });
  return Number(filter[0]);
}
