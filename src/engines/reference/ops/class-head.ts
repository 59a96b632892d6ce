import { addProduct, addProductT, addTProduct, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const lastToken: Kernel<"lastToken"> = ({ x, mask }) => {
  const [B, S, D] = x.shape as [number, number, number];
  const y = tensor([B, D]);
  for (let b = 0; b < B; b++) {
    const row = mask.data.subarray(b * S, (b + 1) * S);
    const last = Math.max(
      0,
      row.findLastIndex((token) => token !== 0),
    );
    y.data.set(x.data.subarray((b * S + last) * D, (b * S + last + 1) * D), b * D);
  }
  return { y };
};

export const trainedLinear: Kernel<"trainedLinear"> = ({ x, weight }) => {
  const [N, inn] = x.shape as [number, number];
  const out = weight.shape[0]!;
  const y = tensor([N, out]);
  addProductT(y.data, x.data, weight.data, N, out, inn);
  return { y };
};

export const trainedLinearGrad: Kernel<"trainedLinearGrad"> = ({ dy, x, weight }) => {
  const [N, inn] = x.shape as [number, number];
  const out = weight.shape[0]!;
  const [dx, dWeight] = [tensor(x.shape), tensor(weight.shape)];
  addProduct(dx.data, dy.data, weight.data, N, inn, out);
  addTProduct(dWeight.data, dy.data, x.data, out, inn, N);
  return { dx, dWeight };
};

export const crossEntropy: Kernel<"crossEntropy"> = ({ logits, targets, lossWeights }) => {
  const [N, K] = logits.shape as [number, number];
  const [lossSum, correct, dLogits] = [tensor([1]), tensor([1]), tensor([N, K])];
  for (let n = 0; n < N; n++) {
    const w = lossWeights.data[n]!;
    const row = logits.data.subarray(n * K, (n + 1) * K);
    const max = row.reduce((largest, logit) => Math.max(largest, logit));
    const lse = max + Math.log(row.reduce((total, logit) => total + Math.exp(logit - max), 0));
    const target = targets.data[n]!;
    lossSum.data[0]! += w * (lse - row[target]!);
    if (row[target]! >= max) correct.data[0]! += w;
    for (let k = 0; k < K; k++)
      dLogits.data[n * K + k] = w * (Math.exp(row[k]! - lse) - (k === target ? 1 : 0));
  }
  return { lossSum, correct, dLogits };
};
