import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const sumSquares: Kernel<"sumSquares"> = ([x]) => [
  tensor([1], Float64Array.of(x!.data.reduce((sum, v) => sum + v * v, 0))),
];

export const clipScale: Kernel<"clipScale"> = ([g, squares, count], { limit }) => {
  const norm = Math.sqrt(squares!.data[0]!) / count!.data[0]!;
  const factor = (limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1) / count!.data[0]!;
  return [
    tensor(
      g!.shape,
      g!.data.map((v) => v * factor),
    ),
    tensor([1], Float64Array.of(norm)),
  ];
};

export const adamw: Kernel<"adamw"> = (inputs, { beta1, beta2, eps, weightDecay, groups }) => {
  const [p, g, m, v, rate, correction1, correction2] = inputs.map((t) => t.data) as [
    Float64Array,
    ...Float64Array[],
  ];
  const [p2, m2, v2] = [tensor(inputs[0]!.shape), tensor(inputs[0]!.shape), tensor(inputs[0]!.shape)];
  let i = 0;
  for (const { size, ratio } of groups) {
    const lr = rate![0]! * ratio;
    for (const end = i + size; i < end; i++) {
      m2.data[i] = beta1 * m![i]! + (1 - beta1) * g![i]!;
      v2.data[i] = beta2 * v![i]! + (1 - beta2) * g![i]! ** 2;
      const denominator = Math.sqrt(v2.data[i]! / correction2![0]!) + eps;
      p2.data[i] = p[i]! * (1 - lr * weightDecay) - (lr * (m2.data[i]! / correction1![0]!)) / denominator;
    }
  }
  return [p2, m2, v2];
};
