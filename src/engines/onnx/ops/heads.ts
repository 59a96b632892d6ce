import type { Dim, Shape } from "../../../program/program.ts";
import { type GraphEmitter, product, type Ref } from "../graph.ts";

/** x [B,S,n*d] -> [B,n,S,d] */
export function toHeads(g: GraphEmitter, x: Ref, [B, S]: Shape, n: number): Ref {
  const d = Number(x.shape.at(-1)) / n;
  return g.transpose(g.reshape(x, [B!, S!, n, d]), [0, 2, 1, 3]);
}

/** [B,n,S,d] in any grouping of its first axes -> [B,S,n,d] */
export function fromHeads(g: GraphEmitter, x: Ref, [B, S]: Shape, n: number): Ref {
  return g.transpose(g.reshape(x, [B!, n, S!, x.shape.at(-1)!]), [0, 2, 1, 3]);
}

/** [B,H,S,..] -> [B,K,(H/K) S,..]: query heads that share a key head become rows of one matrix, so that its gradient sums them. */
export function grouped(g: GraphEmitter, x: Ref, heads: number, kvHeads: number): Ref {
  const [B, , S, ...rest] = x.shape as [Dim, Dim, Dim, ...Dim[]];
  return g.reshape(x, [B, kvHeads, product([heads / kvHeads, S]), ...rest]);
}

/** A size as a tensor without axes, as Range wants it. */
export const scalarSize = (g: GraphEmitter, d: Dim): Ref => g.reshape(g.size(d), []);
