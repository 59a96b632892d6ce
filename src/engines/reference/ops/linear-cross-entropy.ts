import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const linearCrossEntropy: Kernel<"linearCrossEntropy"> = ([h, weight, targets, weights]) => {
  const [N, D] = h!.shape as [number, number];
  const V = weight!.shape[0]!;
  const [sum, correct, dh] = [tensor([1]), tensor([1]), tensor(h!.shape)];
  const logits = new Float64Array(V);
  for (let n = 0; n < N; n++) {
    const w = weights!.data[n]!;
    if (w === 0) continue;
    let max = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < V; v++) {
      let dot = 0;
      for (let d = 0; d < D; d++) dot += h!.data[n * D + d]! * weight!.data[v * D + d]!;
      logits[v] = dot;
      max = Math.max(max, dot);
    }
    const target = targets!.data[n]!;
    let total = 0;
    for (let v = 0; v < V; v++) total += Math.exp(logits[v]! - max);
    const lse = max + Math.log(total);
    sum.data[0]! += w * (lse - logits[target]!);
    if (logits[target]! >= max) correct.data[0]! += w;
    for (let v = 0; v < V; v++) {
      const g = w * (Math.exp(logits[v]! - lse) - (v === target ? 1 : 0));
      for (let d = 0; d < D; d++) dh.data[n * D + d]! += g * weight!.data[v * D + d]!;
    }
  }
  return [sum, correct, dh];
};
