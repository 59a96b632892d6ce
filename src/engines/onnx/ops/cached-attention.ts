import type { Dim } from "../../../program/program.ts";
import { HIDDEN } from "../../attention.ts";
import type { Ref } from "../graph.ts";
import { fromHeads, grouped, scalarSize, toHeads } from "./heads.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

/** Which cached columns each new row sees, 0 or 1: [B,1,S,total]; and whether it sees any: [B,1,S,1]. */
function cacheVisibility({ g, node, grid, shape }: NodeContext<"cachedAttention">): { bias: Ref; any: Ref } {
  return g.share(`/cache/${node.inputs.mask}`, () => {
    const mask = grid("mask");
    const [B, total] = mask.shape as [Dim, Dim];
    const S = shape("q")[1]!;
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
  const [B, S] = shape("q") as [Dim, Dim];
  const total = shape("mask")[1]!;
  const cached = (past: Ref, fresh: Ref): Ref =>
    g.node("Concat", [past, toHeads(g, fresh, [B, S], kvHeads)], { axis: 2 }, past.shape.with(2, total));
  const [keys, values] = [cached(grid("pastKey"), grid("k")), cached(grid("pastValue"), grid("v"))];
  const { bias, any } = cacheVisibility(c);
  const q = grouped(g, toHeads(g, grid("q"), [B, S], heads), heads, kvHeads);
  const products = g.matmul(q, keys, { transB: true, alpha: scale });
  const scores = g.each("Add", g.reshape(products, [B, heads, S, total]), bias);
  const probabilities = g.each("Mul", g.node("Softmax", [scores], { axis: -1 }, scores.shape), any);
  const o = g.matmul(grouped(g, probabilities, heads, kvHeads), values);
  return [fromHeads(g, o, [B, S], heads), keys, values];
};
