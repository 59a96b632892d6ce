import { asMatrix, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const layerNorm: Kernel<"layerNorm"> = ({ x, weight, bias }, { eps }) => {
  const [T, D] = asMatrix(x);
  const y = tensor(x.shape);
  for (let t = 0; t < T; t++) {
    const row = x.data.subarray(t * D, (t + 1) * D);
    const mean = row.reduce((sum, value) => sum + value, 0) / D;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / D;
    const rstd = 1 / Math.sqrt(variance + eps);
    for (let d = 0; d < D; d++) y.data[t * D + d] = (row[d]! - mean) * rstd * weight.data[d]! + bias.data[d]!;
  }
  return { y };
};

export const gelu: Kernel<"gelu"> = ({ x }) => ({
  y: tensor(
    x.shape,
    x.data.map((value) => (value * (1 + erf(value * Math.SQRT1_2))) / 2),
  ),
});

/** 2/√π exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, a series without cancellation (Abramowitz & Stegun 7.1.6). Above 6 it is 1 in float64. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
