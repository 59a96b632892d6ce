import type { Dim, Shape } from "../../../program/program.ts";
import { type GraphEmitter, product, type Ref } from "../graph.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

/** Added to the scores of pairs that do not see each other; finite, so that nothing becomes NaN. */
const HIDDEN = -1e9;

interface Heads {
  readonly q: Ref;
  readonly k: Ref;
  readonly v: Ref;
  readonly probabilities: Ref;
  readonly scores: Ref;
}

/** x [B,S,n*d] -> [B,n,S,d] */
function toHeads(g: GraphEmitter, x: Ref, [B, S]: Shape, n: number): Ref {
  const d = Number(x.shape.at(-1)) / n;
  return g.transpose(g.reshape(x, [B!, S!, n, d]), [0, 2, 1, 3]);
}

/** [B,n,S,d] in any grouping of its first axes -> [B,S,n,d] */
function fromHeads(g: GraphEmitter, x: Ref, [B, S]: Shape, n: number): Ref {
  return g.transpose(g.reshape(x, [B!, n, S!, x.shape.at(-1)!]), [0, 2, 1, 3]);
}

/** [B,H,S,..] -> [B,K,(H/K) S,..]: query heads that share a key head become rows of one matrix, so that its gradient sums them. */
function grouped(g: GraphEmitter, x: Ref, heads: number, kvHeads: number): Ref {
  const [B, , S, ...rest] = x.shape as [Dim, Dim, Dim, ...Dim[]];
  return g.reshape(x, [B, kvHeads, product([heads / kvHeads, S]), ...rest]);
}

function visibility({ g, node, grid, attrs }: NodeContext<"attention" | "attentionGrad">, at: number): Ref {
  return g.share(`/mask/${node.inputs[at]}/${attrs.causal}`, () => {
    const segments = grid(at);
    const [B, S] = segments.shape as [Dim, Dim];
    const same = g.each("Equal", g.reshape(segments, [B, 1, S, 1]), g.reshape(segments, [B, 1, 1, S]));
    if (!attrs.causal) return g.each("Where", same, g.scalar(0), g.scalar(HIDDEN));
    const index = g.node("Range", [scalarSize(g, 0), scalarSize(g, S), scalarSize(g, 1)], {}, [S]);
    const causal = g.each("LessOrEqual", index, g.reshape(index, [S, 1]));
    return g.each("Where", g.each("And", same, causal), g.scalar(0), g.scalar(HIDDEN));
  });
}

const scalarSize = (g: GraphEmitter, d: Dim): Ref => g.reshape(g.size(d), []);

/**
 * Inputs q, k, v stand at `at` and behind it, segments at `segmentsAt`. Shared under the value o, so that the gradient finds
 * the probabilities of the forward pass when both are in one graph.
 */
function attend(
  c: NodeContext<"attention" | "attentionGrad">,
  o: number,
  at: number,
  segmentsAt: number,
): Heads {
  const { g, grid, attrs, shape } = c;
  return g.share(`/attention/${o}`, () => {
    const { heads, kvHeads, scale } = attrs;
    const [B, S] = shape(at) as [Dim, Dim];
    const q = grouped(g, toHeads(g, grid(at), [B, S], heads), heads, kvHeads);
    const [k, v] = [toHeads(g, grid(at + 1), [B, S], kvHeads), toHeads(g, grid(at + 2), [B, S], kvHeads)];
    const products = g.matmul(q, k, { transB: true, alpha: scale });
    const scores = g.each("Add", g.reshape(products, [B, heads, S, S]), visibility(c, segmentsAt));
    const softmax = g.node("Softmax", [scores], { axis: -1 }, scores.shape);
    return { q, k, v, scores, probabilities: grouped(g, softmax, heads, kvHeads) };
  });
}

export const attention: Lowering<"attention"> = (c) => {
  const { g, node, attrs, shape } = c;
  const { v, probabilities, scores } = attend(c, node.outputs[0]!, 0, 3);
  const o = fromHeads(g, g.matmul(probabilities, v), shape(0), attrs.heads);
  return [o, g.reduce("ReduceLogSumExp", scores, 3, false)];
};

/** Inputs: do, q, k, v, o, lse, segments. ds = p (do vᵀ - rowsum(do o)): Dao et al. 2022, "FlashAttention". */
export const attentionGrad: Lowering<"attentionGrad"> = (c) => {
  const { g, node, grid, attrs, shape } = c;
  const { heads, kvHeads, scale } = attrs;
  const { q, k, v, probabilities } = attend(c, node.inputs[4]!, 1, 6);
  const [B, S, width] = shape(1) as [Dim, Dim, number];
  const dO = grouped(g, toHeads(g, grid(0), [B, S], heads), heads, kvHeads);
  const dv = g.matmul(probabilities, dO, { transA: true });
  const dp = g.matmul(dO, v, { transB: true });
  // rowsum(p dp) is the same number over S terms rather than d.
  const short = Number(S) < width / heads;
  const delta = short ? g.reduce("ReduceSum", g.each("Mul", probabilities, dp), 3, true) : rowDots(c);
  const ds = g.each("Mul", probabilities, g.each("Sub", dp, delta));
  const dq = g.matmul(ds, k, { alpha: scale });
  const dk = g.matmul(ds, q, { transA: true, alpha: scale });
  return [
    fromHeads(g, dq, [B, S], heads),
    fromHeads(g, dk, [B, S], kvHeads),
    fromHeads(g, dv, [B, S], kvHeads),
  ];
};

/** rowsum(do o) for each head, from the layout in which both are kept anyway -> [B,K,(H/K) S,1] */
function rowDots({ g, grid, attrs, shape }: NodeContext<"attentionGrad">): Ref {
  const { heads, kvHeads } = attrs;
  const [B, S, width] = shape(0) as [Dim, Dim, number];
  const products = g.reshape(g.each("Mul", grid(0), grid(4)), [B, S, heads, width / heads]);
  const sums = g.transpose(g.reduce("ReduceSum", products, 3, true), [0, 2, 1, 3]);
  return grouped(g, sums, heads, kvHeads);
}

/** Which cached columns each new row sees, 0 or 1: [B,1,S,total]; and whether it sees any: [B,1,S,1]. */
function cacheVisibility({ g, node, grid, shape }: NodeContext<"cachedAttention">): { bias: Ref; any: Ref } {
  return g.share(`/cache/${node.inputs[5]}`, () => {
    const mask = grid(5);
    const [B, total] = mask.shape as [Dim, Dim];
    const S = shape(0)[1]!;
    const [end, one] = [scalarSize(g, total), scalarSize(g, 1)];
    const first = g.each("Sub", end, scalarSize(g, S));
    const columns = g.node("Range", [scalarSize(g, 0), end, one], {}, [total]);
    const rows = g.reshape(g.node("Range", [first, end, one], {}, [S]), [S, 1]);
    const real = g.node("Cast", [g.reshape(mask, [B, 1, 1, total])], { to: 9 }, [B, 1, 1, total]);
    const seen = g.each("And", real, g.each("LessOrEqual", columns, rows));
    const numbers = g.node("Cast", [seen], { to: 1 }, seen.shape);
    return {
      bias: g.each("Where", seen, g.scalar(0), g.scalar(HIDDEN)),
      any: g.reduce("ReduceMax", numbers, 3, true),
    };
  });
}

/** Inputs: q, k, v, pastKey, pastValue, mask. A row that sees nothing (left padding) gives zero. */
export const cachedAttention: Lowering<"cachedAttention"> = (c) => {
  const { g, grid, attrs, shape } = c;
  const { heads, kvHeads, scale } = attrs;
  const [B, S] = shape(0) as [Dim, Dim];
  const total = shape(5)[1]!;
  const cached = (past: Ref, fresh: Ref): Ref =>
    g.node("Concat", [past, toHeads(g, fresh, [B, S], kvHeads)], { axis: 2 }, past.shape.with(2, total));
  const [keys, values] = [cached(grid(3), grid(1)), cached(grid(4), grid(2))];
  const { bias, any } = cacheVisibility(c);
  const q = grouped(g, toHeads(g, grid(0), [B, S], heads), heads, kvHeads);
  const products = g.matmul(q, keys, { transB: true, alpha: scale });
  const scores = g.each("Add", g.reshape(products, [B, heads, S, total]), bias);
  const probabilities = g.each("Mul", g.node("Softmax", [scores], { axis: -1 }, scores.shape), any);
  const o = g.matmul(grouped(g, probabilities, heads, kvHeads), values);
  return [fromHeads(g, o, [B, S], heads), keys, values];
};
