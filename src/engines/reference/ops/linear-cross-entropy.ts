import { addProduct, addProductT, roundAs, tensor, toBf16 } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const linearCrossEntropy: Kernel<"linearCrossEntropy"> = ({ h, weight, targets, lossWeights }) => {
  const [N, D] = h.shape as [number, number];
  const V = weight.shape[0]!;
  const [lossSum, correct, dh] = [tensor([1]), tensor([1]), tensor(h.shape)];
  for (let n = 0; n < N; n++) {
    const w = lossWeights.data[n]!;
    if (w === 0) continue;
    const product = tensor([1, V]);
    addProductT(product.data, h.data.subarray(n * D, (n + 1) * D), weight.data, 1, V, D);
    const logits = roundAs(weight, product).data;
    const max = logits.reduce((largest, logit) => Math.max(largest, logit));
    const lse = max + Math.log(logits.reduce((total, logit) => total + Math.exp(logit - max), 0));
    const target = targets.data[n]!;
    lossSum.data[0]! += w * (lse - logits[target]!);
    if (logits[target]! >= max) correct.data[0]! += w;
    const difference = tensor(
      [1, V],
      logits.map((logit, v) => Math.exp(logit - lse) - (v === target ? 1 : 0)),
    );
    const operand = weight.dtype === "bf16" ? toBf16(difference) : difference;
    const row = tensor([1, D]);
    addProduct(row.data, operand.data, weight.data, 1, D, V);
    dh.data.set(
      roundAs(weight, row).data.map((value) => w * value),
      n * D,
    );
  }
  return { lossSum, correct, dh };
};
