import { withLast } from "../../../ops/definition.ts";
import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const rmsNorm: Kernel<"rmsNorm"> = ({ x, weight }, { eps, offset = 0 }) => {
  const D = weight.data.length;
  const T = x.data.length / D;
  const y = tensor(x.shape);
  const rstd = tensor(withLast(x.shape, x.shape.at(-1)! / D) as number[]);
  for (let t = 0; t < T; t++) {
    let squares = 0;
    for (let d = 0; d < D; d++) squares += x.data[t * D + d]! ** 2;
    rstd.data[t] = 1 / Math.sqrt(squares / D + eps);
    for (let d = 0; d < D; d++) {
      y.data[t * D + d] = x.data[t * D + d]! * rstd.data[t]! * (weight.data[d]! + offset);
    }
  }
  return { y, rstd };
};

export const rmsNormGrad: Kernel<"rmsNormGrad"> = ({ dy, x, weight, rstd }, { offset = 0 }) => {
  const w = weight.data.map((value) => value + offset);
  const D = w.length;
  const T = x.data.length / D;
  const dx = tensor(x.shape);
  for (let t = 0; t < T; t++) {
    let mean = 0;
    for (let d = 0; d < D; d++) mean += (dy.data[t * D + d]! * w[d]! * x.data[t * D + d]!) / D;
    const i = rstd.data[t]!;
    for (let d = 0; d < D; d++) {
      dx.data[t * D + d] = i * dy.data[t * D + d]! * w[d]! - x.data[t * D + d]! * i ** 3 * mean;
    }
  }
  return { dx };
};
