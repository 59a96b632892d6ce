import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const sumSquares: Kernel<"sumSquares"> = ({ x }) => ({
  sum: tensor([1], Float64Array.of(x.data.reduce((sum, v) => sum + v * v, 0))),
});

export const clipScale: Kernel<"clipScale"> = ({ g, sumSquares, count }, { limit }) => {
  const norm = Math.sqrt(sumSquares.data[0]!) / count.data[0]!;
  const factor = (limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1) / count.data[0]!;
  return {
    clipped: tensor(
      g.shape,
      g.data.map((v) => v * factor),
    ),
    norm: tensor([1], Float64Array.of(norm)),
  };
};

export const adamw: Kernel<"adamw"> = (inputs, { beta1, beta2, eps, weightDecay, groups }) => {
  const { p, g, m, v, learningRate, correction1, correction2 } = inputs;
  const [pNext, mNext, vNext] = [tensor(p.shape), tensor(p.shape), tensor(p.shape)];
  let i = 0;
  for (const { size, ratio } of groups) {
    const lr = learningRate.data[0]! * ratio;
    for (const end = i + size; i < end; i++) {
      mNext.data[i] = beta1 * m.data[i]! + (1 - beta1) * g.data[i]!;
      vNext.data[i] = beta2 * v.data[i]! + (1 - beta2) * g.data[i]! ** 2;
      const denominator = Math.sqrt(vNext.data[i]! / correction2.data[0]!) + eps;
      const step = (lr * (mNext.data[i]! / correction1.data[0]!)) / denominator;
      pNext.data[i] = p.data[i]! * (1 - lr * weightDecay) - step;
    }
  }
  return { pNext, mNext, vNext };
};
