import type { AttrsOf } from "../../../ops/attrs.ts";
import type { Dim, Shape, ValueId } from "../../../program/program.ts";
import { queryBlocks } from "../../attention.ts";
import type { Lowering, NodeContext } from "../lowering.ts";
import type { Tensor, TensorBuilder } from "../tensor-builder.ts";
import { fromHeads, grouped, part, scaledQueries, toHeads, windowLimits } from "./heads.ts";

/** Shared part of both operations. */
interface AttentionContext {
  readonly b: TensorBuilder;
  readonly node: { readonly inputs: { readonly segments: ValueId } };
  readonly attrs: AttrsOf<"attention">;
  grid(name: "q" | "k" | "v" | "segments"): Tensor;
  shape(name: "q"): Shape;
}

/** Queries `from` to `to` of every head, which see at most the keys before `end`. */
interface Block {
  readonly from: number;
  readonly to: Dim;
  readonly end: Dim;
  /** [B,K,(H/K) C,d], and the factor of products with it */
  readonly q: Tensor;
  readonly alpha: number;
  /** [B,H,C,end], masked */
  readonly scores: Tensor;
  /** Their softmax, [B,K,(H/K) C,end] */
  readonly probabilities: Tensor;
}

interface Attended {
  readonly blocks: readonly Block[];
  /** [B,K,S,d] */
  readonly k: Tensor;
  readonly v: Tensor;
}

/** 0 where a pair sees each other, [B,1,S,S]. */
function visibility({ b, node, grid, attrs }: AttentionContext): Tensor {
  return b.share(`/mask/${node.inputs.segments}/${attrs.causal}/${attrs.window}`, () => {
    const segments = grid("segments");
    const [B, S] = segments.shape as [Dim, Dim];
    const same = b.equal(b.reshape(segments, [B, 1, S, 1]), b.reshape(segments, [B, 1, 1, S]));
    const index = b.indices(S);
    const query = b.reshape(index, [S, 1]);
    const order = attrs.causal ? [b.lessOrEqual(index, query)] : [];
    const near = windowLimits(b, query, index, attrs);
    return b.maskBias([...order, ...near].reduce((seen, rule) => b.and(seen, rule), same));
  });
}

/** Shared under the value o, so that the gradient finds the probabilities of the forward pass when both are in one graph. */
function attend(c: AttentionContext, o: ValueId): Attended {
  const { b, grid, attrs, shape } = c;
  return b.share(`/attention/${o}`, () => {
    const { heads, kvHeads, causal } = attrs;
    const [B, S] = shape("q") as [Dim, Dim];
    const scaled = scaledQueries(b, grid("q"), attrs.scale);
    const q = toHeads(b, scaled.q, [B, S], heads);
    const [k, v] = [toHeads(b, grid("k"), [B, S], kvHeads), toHeads(b, grid("v"), [B, S], kvHeads)];
    const mask = visibility(c);
    const block = (from: number, to: Dim, end: Dim): Block => {
      const rows = part(b, q, from, to, 2);
      const blockQ = grouped(b, rows, heads, kvHeads);
      const products = b.matmul(blockQ, part(b, k, 0, end, 2), { transB: true, alpha: scaled.alpha });
      const seen = b.share(`${b.key(mask)}/${from}/${to}`, () =>
        part(b, part(b, mask, from, to, 2), 0, end, 3),
      );
      const scores = b.add(b.reshape(products, [B, heads, rows.shape[2]!, end]), seen);
      const probabilities = grouped(b, b.softmax(scores), heads, kvHeads);
      return { from, to, end, q: blockQ, alpha: scaled.alpha, scores, probabilities };
    };
    const blocks = typeof S === "string" ? [block(0, S, S)] : undefined;
    return {
      blocks:
        blocks ?? queryBlocks(S as number, causal, b.queryRows).map((at) => block(at.from, at.to, at.end)),
      k,
      v,
    };
  });
}

/** A block's [B,K,(H/K) C,d] -> [B,H,C,d] */
const ungrouped = (b: TensorBuilder, x: Tensor, { scores }: Block): Tensor =>
  b.reshape(x, [...scores.shape.slice(0, 3), x.shape.at(-1)!]);

export const attention: Lowering<"attention"> = (c) => {
  const { b, node, attrs, shape } = c;
  const { blocks, v } = attend(c, node.outputs.o);
  const os = blocks.map((block) =>
    ungrouped(b, b.matmul(block.probabilities, part(b, v, 0, block.end, 2)), block),
  );
  const lses = blocks.map(({ scores, probabilities }) =>
    b.logSumExp(scores, b.reshape(probabilities, scores.shape)),
  );
  return { o: fromHeads(b, b.concat(os, 2), shape("q"), attrs.heads), lse: b.concat(lses, 2) };
};

/** ds = p (dO vᵀ - rowsum(dO o)): Dao et al. 2022, "FlashAttention". */
export const attentionGrad: Lowering<"attentionGrad"> = (c) => {
  const { b, node, grid, attrs, shape } = c;
  const { heads, kvHeads, scale } = attrs;
  const { blocks, k, v } = attend(c, node.inputs.o);
  const [B, S, width] = shape("q") as [Dim, Dim, number];
  const dOs = toHeads(b, grid("dO"), [B, S], heads);
  // rowsum(p dp) is the same number over S terms rather than d.
  const deltas = Number(S) < width / heads ? undefined : rowDots(c);
  const gradients = blocks.map((block) => {
    const { from, to, end, q, alpha, probabilities } = block;
    const dO = grouped(b, part(b, dOs, from, to, 2), heads, kvHeads);
    const dp = b.matmul(dO, part(b, v, 0, end, 2), { transB: true });
    const delta =
      deltas === undefined
        ? b.sum(b.mul(probabilities, dp), 3, true)
        : grouped(b, part(b, deltas, from, to, 2), heads, kvHeads);
    const ds = b.mul(probabilities, b.sub(dp, delta));
    return {
      dq: ungrouped(b, b.matmul(ds, part(b, k, 0, end, 2), { alpha: scale }), block),
      dk: b.pad(b.matmul(ds, q, { transA: true, alpha }), 2, S),
      dv: b.pad(b.matmul(probabilities, dO, { transA: true }), 2, S),
    };
  });
  const sizes = [B, S];
  const dq = b.concat(
    gradients.map(({ dq }) => dq),
    2,
  );
  return {
    dq: fromHeads(b, dq, sizes, heads),
    dk: fromHeads(b, b.addAll(gradients.map(({ dk }) => dk)), sizes, kvHeads),
    dv: fromHeads(b, b.addAll(gradients.map(({ dv }) => dv)), sizes, kvHeads),
  };
};

/** rowsum(dO o) for each head, from the layout in which both are kept -> [B,H,S,1] */
function rowDots({ b, grid, attrs, shape }: NodeContext<"attentionGrad">): Tensor {
  const [B, S, width] = shape("dO") as [Dim, Dim, number];
  const products = b.reshape(b.mul(grid("dO"), grid("o")), [B, S, attrs.heads, width / attrs.heads]);
  return b.transpose(b.sum(products, 3, true), [0, 2, 1, 3]);
}
