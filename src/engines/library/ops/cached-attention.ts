import type { Dim } from "../../../program/program.ts";
import type { Lowering, NodeContext } from "../lowering.ts";
import type { Tensor } from "../tensor-builder.ts";
import { fromHeads, grouped, scaledQueries, toHeads, windowLimits } from "./heads.ts";

/** Mask of the cached columns that each new row attends to, as a bias of scores [B,1,S,total]; and 1 for rows that attend to any, [B,1,S,1]. */
function cacheVisibility({ b, node, grid, attrs, shape }: NodeContext<"cachedAttention">): {
  bias: Tensor;
  any: Tensor;
} {
  return b.share(`/cache/${node.inputs.mask}/${attrs.window}`, () => {
    const mask = grid("mask");
    const [B, total] = mask.shape as [Dim, Dim];
    const S = shape("q")[1]!;
    const rows = b.reshape(b.indices(S, total), [S, 1]);
    const columns = b.indices(total);
    const real = b.cast(b.reshape(mask, [B, 1, 1, total]), "bool");
    const near = windowLimits(b, rows, columns, { causal: true, window: attrs.window });
    const seen = [b.lessOrEqual(columns, rows), ...near].reduce((all, rule) => b.and(all, rule), real);
    const numbers = b.cast(seen, "f32");
    return { bias: b.maskBias(seen), any: b.max(numbers, 3, true) };
  });
}

/** A row that sees nothing (left padding) gives zero. */
export const cachedAttention: Lowering<"cachedAttention"> = (c) => {
  const { b, grid, attrs, shape } = c;
  const { heads, kvHeads } = attrs;
  const [B, S] = shape("q") as [Dim, Dim];
  const total = shape("mask")[1]!;
  const cached = (past: Tensor, fresh: Tensor): Tensor =>
    b.concat([past, toHeads(b, fresh, [B, S], kvHeads)], 2, total);
  const [keys, values] = [cached(grid("pastKey"), grid("k")), cached(grid("pastValue"), grid("v"))];
  const { bias, any } = cacheVisibility(c);
  const scaled = scaledQueries(b, grid("q"), attrs.scale);
  const q = grouped(b, toHeads(b, scaled.q, [B, S], heads), heads, kvHeads);
  const products = b.matmul(q, keys, { transB: true, alpha: scaled.alpha });
  const scores = b.add(b.reshape(products, [B, heads, S, total]), bias);
  const probabilities = b.mul(b.softmax(scores), any);
  const o = b.matmul(grouped(b, probabilities, heads, kvHeads), values);
  return { o: fromHeads(b, o, [B, S], heads), presentKey: keys, presentValue: values };
};
