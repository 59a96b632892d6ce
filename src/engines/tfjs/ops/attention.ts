import type { ValueId } from "../../../program/program.ts";
import { HIDDEN, type QueryBlock, queryBlocks } from "../../attention.ts";
import type { Ref } from "../kernels.ts";
import { fromHeads, grouped, hiddenUnless, toHeads } from "./heads.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

type AttentionContext = Pick<NodeContext<"attention">, "k" | "grid" | "rows" | "shape" | "attrs"> & {
  readonly node: { readonly inputs: { readonly segments: ValueId } };
};

interface Block extends QueryBlock {
  /** scale q, [B,K,(H/K) C,d] */
  readonly q: Ref;
  /** Masked, [B,H,C,end] */
  readonly scores: Ref;
  /** [B,K,(H/K) C,end] */
  readonly probabilities: Ref;
}

interface Attended {
  readonly blocks: readonly Block[];
  /** [B,K,S,d] */
  readonly keys: Ref;
  readonly values: Ref;
}

/** 0 where a query of the block sees a key, [B,1,C,end]. Input `at` is the segments. */
function visibility(c: AttentionContext, { from, to, end }: QueryBlock): Ref {
  const { k, node, grid, attrs } = c;
  return k.share(`/mask/${node.inputs.segments}/${attrs.causal}/${from}/${to}/${end}`, () => {
    const segments = grid("segments");
    const B = segments.shape[0]!;
    const rows = k.reshape(k.slice(segments, from, to, 1), [B, 1, to - from, 1]);
    const columns = k.reshape(k.slice(segments, 0, end, 1), [B, 1, 1, end]);
    const same = k.compare("Equal", rows, columns);
    if (!attrs.causal) return hiddenUnless(k, same, HIDDEN);
    const order = k.compare("GreaterEqual", range(c, from, to, [to - from, 1]), range(c, 0, end, [1, end]));
    return hiddenUnless(k, k.compare("LogicalAnd", same, order), HIDDEN);
  });
}

const range = ({ k }: AttentionContext, from: number, to: number, shape: readonly number[]): Ref =>
  k.constant(`range ${from} ${to} ${shape.join()}`, shape, () =>
    Int32Array.from({ length: to - from }, (_, i) => from + i),
  );

/**
 * Shared under the value o, so that the gradient finds
 * the probabilities of the forward pass.
 */
function attend(c: AttentionContext, o: ValueId): Attended {
  const { k, rows, attrs, shape } = c;
  return k.share(`/attention/${o}`, () => {
    const { heads, kvHeads, causal, scale } = attrs;
    const [B, S] = shape("q") as [number, number, number];
    const queries = toHeads(k, k.times(rows("q"), scale), B, S, heads);
    const keys = toHeads(k, rows("k"), B, S, kvHeads);
    const blocks = queryBlocks(S, causal).map((block): Block => {
      const { from, to, end } = block;
      const q = grouped(k, k.slice(queries, from, to, 2), kvHeads);
      const products = k.matmul(q, k.slice(keys, 0, end, 2), { b: true });
      const byHead = k.reshape(products, [B, heads, to - from, end]);
      const scores = k.each("Add", byHead, visibility(c, block));
      return { ...block, q, scores, probabilities: grouped(k, k.map("Softmax", scores), kvHeads) };
    });
    return { blocks, keys, values: toHeads(k, rows("v"), B, S, kvHeads) };
  });
}

/** Of one block, [B,K,(H/K) C,d] -> [B,H,C,d] */
const ungrouped = ({ k }: AttentionContext, x: Ref, { scores }: Block): Ref =>
  k.reshape(x, [...scores.shape.slice(0, 3), x.shape.at(-1)!]);

export const attention: Lowering<"attention"> = (c) => {
  const { k, node } = c;
  const { blocks, values } = attend(c, node.outputs.o);
  const parts = blocks.map((block) => {
    const o = ungrouped(c, k.matmul(block.probabilities, k.slice(values, 0, block.end, 2)), block);
    const max = k.reduce("Max", block.scores, 3, false);
    // The largest probability is exp(max - lse).
    const best = k.reduce("Max", k.reshape(block.probabilities, block.scores.shape), 3, false);
    return { o, lse: k.each("Sub", max, k.map("Log", best)) };
  });
  return [
    fromHeads(
      k,
      k.concat(
        parts.map(({ o }) => o),
        2,
      ),
    ),
    k.concat(
      parts.map(({ lse }) => lse),
      2,
    ),
  ];
};

/** Inputs: do, q, k, v, o, lse, segments. ds = p (do vᵀ - rowsum(do o)): Dao et al. 2022, "FlashAttention". */
export const attentionGrad: Lowering<"attentionGrad"> = (c) => {
  const { k, node, rows, attrs, shape } = c;
  const { heads, kvHeads, scale } = attrs;
  const { blocks, keys, values } = attend(c, node.inputs.o);
  const [B, S] = shape("q") as [number, number, number];
  const dOs = toHeads(k, rows("dO"), B, S, heads);
  // rowsum(p dp) is the same number over S terms rather than d.
  const deltas = S < shape("q")[2]! / heads ? undefined : rowDots(c, B, S);
  const gradients = blocks.map((block) => {
    const { from, to, end, q, probabilities } = block;
    const dO = grouped(k, k.slice(dOs, from, to, 2), kvHeads);
    const dp = k.matmul(dO, k.slice(values, 0, end, 2), { b: true });
    const delta =
      deltas === undefined
        ? k.reduce("Sum", k.each("Multiply", probabilities, dp), 3, true)
        : grouped(k, k.slice(deltas, from, to, 2), kvHeads);
    const ds = k.each("Multiply", probabilities, k.each("Sub", dp, delta));
    return {
      dq: ungrouped(c, k.matmul(ds, k.slice(keys, 0, end, 2)), block),
      dk: k.pad(k.matmul(ds, q, { a: true }), 2, S),
      dv: k.pad(k.matmul(probabilities, dO, { a: true }), 2, S),
    };
  });
  const dq = k.concat(
    gradients.map(({ dq }) => dq),
    2,
  );
  return [
    k.times(fromHeads(k, dq), scale),
    fromHeads(k, k.sum(gradients.map(({ dk }) => dk))),
    fromHeads(k, k.sum(gradients.map(({ dv }) => dv))),
  ];
};

/** rowsum(do o) for each head -> [B,H,S,1] */
function rowDots({ k, rows, attrs }: NodeContext<"attentionGrad">, B: number, S: number): Ref {
  const products = k.each("Multiply", rows("dO"), rows("o"));
  const width = products.shape[1]! / attrs.heads;
  const sums = k.reduce("Sum", k.reshape(products, [B * S * attrs.heads, width]), 1, false);
  return k.transpose(k.reshape(sums, [B, S, attrs.heads, 1]), [0, 2, 1, 3]);
}
