import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

export const contrastive: Kernel<"contrastive"> = ({ x, segments }, { temperature }) => {
  const [B, S, D] = x.shape as [number, number, number];
  const N = B / 2;
  const texts = Array.from({ length: B }, (_, b) => {
    const tokens = Array.from({ length: S }, (_, t) => b * S + t).filter((row) => segments.data[row] !== 0);
    const mean = new Float64Array(D);
    for (const row of tokens) for (let d = 0; d < D; d++) mean[d]! += x.data[row * D + d]! / tokens.length;
    const norm = Math.sqrt(dot(mean, mean));
    return { tokens, norm, unit: mean.map((value) => value / norm), gradient: new Float64Array(D) };
  });
  const [lossSum, correct, dx] = [tensor([1]), tensor([1]), tensor(x.shape)];
  const passages = texts.slice(N);
  for (const [i, query] of texts.slice(0, N).entries()) {
    const scores = passages.map(({ unit }) => dot(query.unit, unit) / temperature);
    const most = Math.max(...scores);
    const lse = most + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0));
    lossSum.data[0]! += lse - scores[i]!;
    if (scores[i]! >= most) correct.data[0]! += 1;
    for (const [j, passage] of passages.entries()) {
      const g = (Math.exp(scores[j]! - lse) - (i === j ? 1 : 0)) / temperature;
      for (let d = 0; d < D; d++) {
        query.gradient[d]! += g * passage.unit[d]!;
        passage.gradient[d]! += g * query.unit[d]!;
      }
    }
  }
  for (const { tokens, norm, unit, gradient } of texts) {
    const along = dot(unit, gradient);
    for (const row of tokens) {
      for (let d = 0; d < D; d++)
        dx.data[row * D + d] = (gradient[d]! - unit[d]! * along) / (norm * tokens.length);
    }
  }
  return { lossSum, correct, dx };
};
