import { withLast } from "../../../ops/definition.ts";
import { asMatrix, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const layerNorm: Kernel<"layerNorm"> = ({ x, weight, bias }, { eps }) => {
  const [T, D] = asMatrix(x);
  const y = tensor(x.shape);
  const [mean, rstd] = [tensor(withLast(x.shape, 1) as number[]), tensor(withLast(x.shape, 1) as number[])];
  for (let t = 0; t < T; t++) {
    const row = x.data.subarray(t * D, (t + 1) * D);
    const center = row.reduce((sum, value) => sum + value, 0) / D;
    const variance = row.reduce((sum, value) => sum + (value - center) ** 2, 0) / D;
    mean.data[t] = center;
    rstd.data[t] = 1 / Math.sqrt(variance + eps);
    for (let d = 0; d < D; d++) {
      const n = (row[d]! - center) * rstd.data[t]!;
      y.data[t * D + d] = n * weight.data[d]! + (bias?.data[d] ?? 0);
    }
  }
  return { y, mean, rstd };
};

export const layerNormGrad: Kernel<"layerNormGrad"> = ({ dy, x, weight, mean, rstd }) => {
  const [T, D] = asMatrix(x);
  const dx = tensor(x.shape);
  for (let t = 0; t < T; t++) {
    const n = (d: number): number => (x.data[t * D + d]! - mean.data[t]!) * rstd.data[t]!;
    const e = (d: number): number => dy.data[t * D + d]! * weight.data[d]!;
    let [sum, dot] = [0, 0];
    for (let d = 0; d < D; d++) {
      sum += e(d);
      dot += e(d) * n(d);
    }
    for (let d = 0; d < D; d++) dx.data[t * D + d] = rstd.data[t]! * (e(d) - sum / D - (n(d) * dot) / D);
  }
  return { dx };
};
