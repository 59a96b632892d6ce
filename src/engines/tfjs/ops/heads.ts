import type { Ref } from "../kernels.ts";
import type { KernelRecorder } from "../recorder.ts";

/** x [..,n*d] over a [B,S] grid -> [B,n,S,d] */
export function toHeads(k: KernelRecorder, x: Ref, B: number, S: number, n: number): Ref {
  return k.transpose(k.reshape(x, [B, S, n, x.shape.at(-1)! / n]), [0, 2, 1, 3]);
}

/** [B,n,S,d] -> [B,S,n,d] */
export const fromHeads = (k: KernelRecorder, x: Ref): Ref => k.transpose(x, [0, 2, 1, 3]);

/** [B,H,S,..] -> [B,K,(H/K) S,..]: query heads that share a key head become rows of one matrix, so that its gradient sums them. */
export function grouped(k: KernelRecorder, x: Ref, kvHeads: number): Ref {
  const [B, H, S, ...rest] = x.shape as [number, number, number, ...number[]];
  return k.reshape(x, [B, kvHeads, (H / kvHeads) * S, ...rest]);
}

/** 0 where `seen` is true, HIDDEN elsewhere. */
export function hiddenUnless(k: KernelRecorder, seen: Ref, hidden: number): Ref {
  return k.times(k.each("Sub", k.scalar(1), k.cast(seen, "float32")), hidden);
}
