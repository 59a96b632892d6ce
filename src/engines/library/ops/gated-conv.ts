import type { Dim, Shape, ValueId } from "../../../program/program.ts";
import type { Lowering } from "../lowering.ts";
import type { Tensor, TensorBuilder } from "../tensor-builder.ts";

/** What the three operations have in common. */
interface ConvContext {
  readonly b: TensorBuilder;
  readonly node: {
    readonly inputs: { readonly x: ValueId; readonly filter: ValueId; readonly bias?: ValueId | undefined };
  };
  grid(name: "x" | "filter" | "bias"): Tensor;
  shape(name: "x" | "filter"): Shape;
}

/** Gates B, C and values v of x, each [B,S,D], and u = B v. */
function columns({ b, node, grid, shape }: ConvContext) {
  return b.share(`/conv/columns/${node.inputs.x}`, () => {
    const D = Number(shape("filter")[0]);
    const [gate, out, value] = b.split(grid("x"), [D, D, D], 2) as [Tensor, Tensor, Tensor];
    return { gate, out, value, u: b.mul(gate, value) };
  });
}

/** Weights [D] of what is j positions back, for each j. */
function taps({ b, node, grid, shape }: ConvContext): Tensor[] {
  return b.share(`/conv/taps/${node.inputs.filter}`, () => {
    const [D, , L] = shape("filter") as [number, number, number];
    const byTap = b.transpose(b.reshape(grid("filter"), [D, L]), [1, 0]);
    return Array.from({ length: L }, (_, j) => b.reshape(b.slice(byTap, L - 1 - j, L - j), [D]));
  });
}

const withBias = ({ b, node, grid }: ConvContext, sum: Tensor): Tensor =>
  node.inputs.bias === undefined ? sum : b.add(sum, grid("bias"));

/** 1 where the positions from j on have the segment of the position j back, [B,S-j,1]. */
function sameSegment(b: TensorBuilder, segments: Tensor, id: ValueId, j: number): Tensor {
  const [B, S] = segments.shape as [number, number];
  return b.share(`/conv/same/${id}/${j}`, () => {
    const same = b.equal(b.slice(segments, j, S, 1), b.slice(segments, 0, S - j, 1));
    return b.reshape(b.cast(same, "f32"), [B, S - j, 1]);
  });
}

type SegmentedConv = ConvContext & {
  readonly node: { readonly inputs: { readonly segments: ValueId } };
  grid(name: "segments"): Tensor;
};

/** The convolution's result before the second gate, [B,S,D]. Shared by the forward and the backward pass of one graph. */
function convolved(c: SegmentedConv): Tensor {
  const { b, node, grid, shape } = c;
  const { x, filter, segments } = node.inputs;
  return b.share(`/conv/${x}/${filter}`, () => {
    const S = Number(shape("x")[1]);
    const { u } = columns(c);
    const terms = taps(c)
      .slice(0, S)
      .map((tap, j) => {
        if (j === 0) return b.mul(u, tap);
        const seen = b.mul(b.slice(u, 0, S - j, 1), sameSegment(b, grid("segments"), segments, j));
        const zeros = b.zerosLike(b.slice(u, 0, j, 1));
        return b.concat([zeros, b.mul(seen, tap)], 1);
      });
    return withBias(c, b.addAll(terms));
  });
}

export const gatedConv: Lowering<"gatedConv"> = (c) => ({ y: c.b.mul(columns(c).out, convolved(c)) });

export const gatedConvGrad: Lowering<"gatedConvGrad"> = (c) => {
  const { b, node, grid, shape } = c;
  const S = Number(shape("x")[1]);
  const { gate, out, value } = columns(c);
  const dy = grid("dy");
  const g = b.mul(dy, out);
  const terms = taps(c)
    .slice(0, S)
    .map((tap, j) => {
      if (j === 0) return b.mul(g, tap);
      const same = sameSegment(b, grid("segments"), node.inputs.segments, j);
      return b.pad(b.mul(b.mul(b.slice(g, j, S, 1), same), tap), 1, S);
    });
  const du = b.addAll(terms);
  return { dx: b.concat([b.mul(du, value), b.mul(dy, convolved(c)), b.mul(du, gate)], 2) };
};

/** Positions first: rows of [P,B,D] can be gathered by index where their number is a symbol. */
export const cachedGatedConv: Lowering<"cachedGatedConv"> = (c) => {
  const { b, node, grid, shape } = c;
  const [, S] = shape("x") as [Dim, Dim, number];
  const [, , L] = shape("filter") as [number, number, number];
  const { out, u } = columns(c);
  const real = b.share(`/conv/real/${node.inputs.mask}`, () => {
    const mask = b.transpose(grid("mask"), [1, 0]);
    const now = b.cast(b.gather(mask, b.indices(S, mask.shape[0]!)), "f32");
    return b.reshape(now, [...now.shape, 1]);
  });
  const past = b.transpose(grid("past"), [2, 0, 1]);
  const fresh = b.mul(b.transpose(u, [1, 0, 2]), real);
  /** The last `count` positions of the past, then the new ones. */
  const after = (count: number): Tensor => {
    const size = typeof S === "number" ? S + count : `${S}+${count}`;
    return b.concat([b.slice(past, L - count, L), fresh], 0, size);
  };
  const terms = taps(c).map((tap, j) => b.mul(j === 0 ? fresh : b.gather(after(j), b.indices(S)), tap));
  const sum = b.transpose(withBias(c, b.addAll(terms)), [1, 0, 2]);
  const present = b.transpose(b.tail(after(L), L), [1, 2, 0]);
  return { y: b.mul(out, sum), present };
};
