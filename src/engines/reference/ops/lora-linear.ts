import { withLast } from "../../../ops/definition.ts";
import { addProduct, addProductT, addTProduct, asMatrix, type Tensor, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";
import { linear, linearGrad } from "./linear.ts";

/** x keep / (1 - dropout), or x itself. */
function dropped(x: Tensor, keep: Tensor | undefined, dropout: number): Float64Array {
  return keep === undefined ? x.data : x.data.map((v, i) => (v * keep.data[i]!) / (1 - dropout));
}

export const loraLinear: Kernel<"loraLinear"> = (inputs, { scale, dropout, hasBias }) => {
  const [x, weight, A, B] = inputs as [Tensor, Tensor, Tensor, Tensor];
  const keep = dropout > 0 ? inputs[4] : undefined;
  const [T, inn] = asMatrix(x);
  const [r, out] = [A.shape[0]!, B.shape[0]!];
  const low = tensor(withLast(x.shape, r) as number[]);
  addProductT(low.data, dropped(x, keep, dropout), A.data, T, r, inn);
  const [y] = linear(hasBias ? [x, weight, inputs[inputs.length - 1]!] : [x, weight], {});
  addProductT(y!.data, low.data, B.data, T, out, r, scale);
  return [y!, low];
};

export const loraLinearGrad: Kernel<"loraLinearGrad"> = (inputs, { scale, dropout, needsInput }) => {
  const [dy, x, weight, A, B, low, keep] = inputs as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor?,
  ];
  const [T, inn] = asMatrix(x);
  const [r, out] = [A.shape[0]!, B.shape[0]!];
  const dB = tensor(B.shape);
  addTProduct(dB.data, dy.data, low.data, out, r, T, scale);
  const t = new Float64Array(T * r);
  addProduct(t, dy.data, B.data, T, r, out, scale);
  const dA = tensor(A.shape);
  addTProduct(dA.data, t, dropped(x, keep, dropout), r, inn, T);
  if (!needsInput) return [dA, dB];
  const through = tensor(x.shape);
  addProduct(through.data, t, A.data, T, inn, r);
  const masked = dropped(through, keep, dropout);
  const [dx] = linearGrad([dy, weight], {});
  return [
    dA,
    dB,
    tensor(
      x.shape,
      dx!.data.map((v, i) => v + masked[i]!),
    ),
  ];
};
