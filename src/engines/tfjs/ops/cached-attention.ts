import { HIDDEN } from "../../attention.ts";
import type { Ref } from "../kernels.ts";
import { fromHeads, grouped, hiddenUnless, toHeads } from "./heads.ts";
import type { Lowering } from "./lowering.ts";

/** Inputs: q, k, v, pastKey, pastValue, mask. A row that sees nothing (left padding) gives zero. */
export const cachedAttention: Lowering<"cachedAttention"> = ({ k, rows, grid, shape, attrs }) => {
  const { heads, kvHeads, scale } = attrs;
  const [B, S] = shape("q") as [number, number, number];
  const total = shape("mask")[1]!;
  const cached = (past: Ref, fresh: Ref): Ref => k.concat([past, toHeads(k, fresh, B, S, kvHeads)], 2);
  const [keys, values] = [cached(grid("pastKey"), rows("k")), cached(grid("pastValue"), rows("v"))];
  // 1 as in the mask where a row may look, 2 where it may not.
  const order = k.constant(`cache ${S} ${total}`, [S, total], () =>
    Int32Array.from({ length: S * total }, (_, i) =>
      i % total <= total - S + Math.floor(i / total) ? 1 : 2,
    ),
  );
  const seen = k.compare("Equal", k.reshape(grid("mask"), [B, 1, 1, total]), order);
  const q = grouped(k, toHeads(k, k.times(rows("q"), scale), B, S, heads), kvHeads);
  const products = k.reshape(k.matmul(q, keys, { b: true }), [B, heads, S, total]);
  const softmax = k.map("Softmax", k.each("Add", products, hiddenUnless(k, seen, HIDDEN)));
  const any = k.reduce("Max", k.cast(seen, "float32"), 3, true);
  const probabilities = grouped(k, k.each("Multiply", softmax, any), kvHeads);
  const o = k.reshape(k.matmul(probabilities, values), [B, heads, S, q.shape.at(-1)!]);
  return [fromHeads(k, o), keys, values];
};
