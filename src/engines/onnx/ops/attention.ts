import type { Dim, ValueId } from "../../../program/program.ts";
import { HIDDEN, queryBlocks } from "../../attention.ts";
import type { GraphEmitter, Ref } from "../graph.ts";
import { fromHeads, grouped, scalarSize, toHeads } from "./heads.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

type AttentionContext = Pick<NodeContext<"attention">, "g" | "grid" | "rows" | "shape" | "attrs"> & {
  readonly node: { readonly inputs: { readonly segments: ValueId } };
};

/** Queries `from` to `to` of every head, which see at most the keys up to `end`. */
interface Chunk {
  readonly from: number;
  readonly to: Dim;
  readonly end: Dim;
  /** [B,K,(H/K) C,d] */
  readonly q: Ref;
  /** [B,H,C,end], masked */
  readonly scores: Ref;
  /** [B,K,(H/K) C,end] */
  readonly probabilities: Ref;
}

interface Attended {
  readonly chunks: readonly Chunk[];
  /** [B,K,S,d] */
  readonly k: Ref;
  readonly v: Ref;
}

function part(g: GraphEmitter, x: Ref, from: number, to: Dim, axis: number): Ref {
  return x.shape[axis] === to && from === 0 ? x : g.slice(x, from, Number(to), axis);
}

/** 0 where a pair sees each other, [B,1,S,S]. */
function visibility({ g, node, grid, attrs }: AttentionContext): Ref {
  return g.share(`/mask/${node.inputs.segments}/${attrs.causal}`, () => {
    const segments = grid("segments");
    const [B, S] = segments.shape as [Dim, Dim];
    const same = g.each("Equal", g.reshape(segments, [B, 1, S, 1]), g.reshape(segments, [B, 1, 1, S]));
    if (!attrs.causal) return g.each("Where", same, g.scalar(0), g.scalar(HIDDEN));
    const index = g.node("Range", [scalarSize(g, 0), scalarSize(g, S), scalarSize(g, 1)], {}, [S]);
    const causal = g.each("LessOrEqual", index, g.reshape(index, [S, 1]));
    return g.each("Where", g.each("And", same, causal), g.scalar(0), g.scalar(HIDDEN));
  });
}

/**
 * Shared under the value o, so that the gradient finds
 * the probabilities of the forward pass when both are in one graph.
 */
function attend(c: AttentionContext, o: ValueId): Attended {
  const { g, grid, attrs, shape } = c;
  return g.share(`/attention/${o}`, () => {
    const { heads, kvHeads, causal } = attrs;
    const [B, S] = shape("q") as [Dim, Dim];
    const q = toHeads(g, grid("q"), [B, S], heads);
    const [k, v] = [toHeads(g, grid("k"), [B, S], kvHeads), toHeads(g, grid("v"), [B, S], kvHeads)];
    const mask = visibility(c);
    const chunk = (from: number, to: Dim, end: Dim): Chunk => {
      const rows = part(g, q, from, to, 2);
      const chunkQ = grouped(g, rows, heads, kvHeads);
      const products = g.matmul(chunkQ, part(g, k, 0, end, 2), { transB: true, alpha: attrs.scale });
      const seen = g.share(`${mask.name}/${from}/${to}`, () =>
        part(g, part(g, mask, from, to, 2), 0, end, 3),
      );
      const scores = g.each("Add", g.reshape(products, [B, heads, rows.shape[2]!, end]), seen);
      const softmax = g.node("Softmax", [scores], { axis: -1 }, scores.shape);
      return { from, to, end, q: chunkQ, scores, probabilities: grouped(g, softmax, heads, kvHeads) };
    };
    if (typeof S === "string") return { chunks: [chunk(0, S, S)], k, v };
    return { chunks: queryBlocks(S, causal).map(({ from, to, end }) => chunk(from, to, end)), k, v };
  });
}

/** Of one chunk, [B,K,(H/K) C,d] -> [B,H,C,d] */
const ungrouped = (g: GraphEmitter, x: Ref, { scores }: Chunk): Ref =>
  g.reshape(x, [...scores.shape.slice(0, 3), x.shape.at(-1)!]);

export const attention: Lowering<"attention"> = (c) => {
  const { g, node, attrs, shape } = c;
  const { chunks, v } = attend(c, node.outputs.o);
  const os = chunks.map((chunk) =>
    ungrouped(g, g.matmul(chunk.probabilities, part(g, v, 0, chunk.end, 2)), chunk),
  );
  const lses = chunks.map(({ scores }) => g.reduce("ReduceLogSumExp", scores, 3, false));
  return [fromHeads(g, g.concat(os, 2), shape("q"), attrs.heads), g.concat(lses, 2)];
};

/** Inputs: do, q, k, v, o, lse, segments. ds = p (do vᵀ - rowsum(do o)): Dao et al. 2022, "FlashAttention". */
export const attentionGrad: Lowering<"attentionGrad"> = (c) => {
  const { g, node, grid, attrs, shape } = c;
  const { heads, kvHeads, scale } = attrs;
  const { chunks, k, v } = attend(c, node.inputs.o);
  const [B, S, width] = shape("q") as [Dim, Dim, number];
  const dOs = toHeads(g, grid("dO"), [B, S], heads);
  // rowsum(p dp) is the same number over S terms rather than d.
  const deltas = Number(S) < width / heads ? undefined : rowDots(c);
  const gradients = chunks.map((chunk) => {
    const { from, to, end, q, probabilities } = chunk;
    const dO = grouped(g, part(g, dOs, from, to, 2), heads, kvHeads);
    const dp = g.matmul(dO, part(g, v, 0, end, 2), { transB: true });
    const delta =
      deltas === undefined
        ? g.reduce("ReduceSum", g.each("Mul", probabilities, dp), 3, true)
        : grouped(g, part(g, deltas, from, to, 2), heads, kvHeads);
    const ds = g.each("Mul", probabilities, g.each("Sub", dp, delta));
    return {
      dq: ungrouped(g, g.matmul(ds, part(g, k, 0, end, 2), { alpha: scale }), chunk),
      dk: padded(g, g.matmul(ds, q, { transA: true, alpha: scale }), S),
      dv: padded(g, g.matmul(probabilities, dO, { transA: true }), S),
    };
  });
  const sum = (parts: Ref[]): Ref =>
    parts.length === 1 ? parts[0]! : g.node("Sum", parts, {}, parts[0]!.shape);
  return [
    fromHeads(
      g,
      g.concat(
        gradients.map(({ dq }) => dq),
        2,
      ),
      [B, S],
      heads,
    ),
    fromHeads(g, sum(gradients.map(({ dk }) => dk)), [B, S], kvHeads),
    fromHeads(g, sum(gradients.map(({ dv }) => dv)), [B, S], kvHeads),
  ];
};

/** [B,K,end,d] -> [B,K,S,d], zero for the keys that the chunk does not see. */
function padded(g: GraphEmitter, x: Ref, S: Dim): Ref {
  if (x.shape[2] === S) return x;
  const missing = Number(S) - Number(x.shape[2]);
  return g.node("Pad", [x, g.ints(0, 0, 0, 0, 0, 0, missing, 0)], {}, x.shape.with(2, S));
}

/** rowsum(do o) for each head, from the layout in which both are kept anyway -> [B,H,S,1] */
function rowDots({ g, grid, attrs, shape }: NodeContext<"attentionGrad">): Ref {
  const [B, S, width] = shape("dO") as [Dim, Dim, number];
  const products = g.reshape(g.each("Mul", grid("dO"), grid("o")), [B, S, attrs.heads, width / attrs.heads]);
  return g.transpose(g.reduce("ReduceSum", products, 3, true), [0, 2, 1, 3]);
}
