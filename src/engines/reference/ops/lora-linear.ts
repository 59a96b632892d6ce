import { withLast } from "../../../ops/definition.ts";
import { addProduct, addProductT, addTProduct, asMatrix, type Tensor, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";
import { linear, linearGrad } from "./linear.ts";

/** x dropoutMask / (1 - dropout), or x itself. */
function dropped(x: Tensor, dropoutMask: Tensor | undefined, dropout: number): Float64Array {
  return dropoutMask === undefined
    ? x.data
    : x.data.map((v, i) => (v * dropoutMask.data[i]!) / (1 - dropout));
}

export const loraLinear: Kernel<"loraLinear"> = (
  { x, weight, A, B, dropoutMask, bias },
  { scale, dropout },
) => {
  const [T, inn] = asMatrix(x);
  const [r, out] = [A.shape[0]!, B.shape[0]!];
  const loraHidden = tensor(withLast(x.shape, r) as number[]);
  addProductT(loraHidden.data, dropped(x, dropoutMask, dropout), A.data, T, r, inn);
  const { y } = linear({ x, weight, bias }, {});
  addProductT(y.data, loraHidden.data, B.data, T, out, r, scale);
  return { y, loraHidden };
};

export const loraLinearGrad: Kernel<"loraLinearGrad"> = (inputs, { scale, dropout, needsInput }) => {
  const { dy, x, weight, A, B, loraHidden, dropoutMask } = inputs;
  const [T, inn] = asMatrix(x);
  const [r, out] = [A.shape[0]!, B.shape[0]!];
  const dB = tensor(B.shape);
  addTProduct(dB.data, dy.data, loraHidden.data, out, r, T, scale);
  const t = new Float64Array(T * r);
  addProduct(t, dy.data, B.data, T, r, out, scale);
  const dA = tensor(A.shape);
  addTProduct(dA.data, t, dropped(x, dropoutMask, dropout), r, inn, T);
  if (!needsInput) return { dA, dB };
  const through = tensor(x.shape);
  addProduct(through.data, t, A.data, T, inn, r);
  const masked = dropped(through, dropoutMask, dropout);
  const { dx } = linearGrad({ dy, weight }, {});
  const sum = dx.data.map((v, i) => v + masked[i]!);
  return { dA, dB, dx: tensor(x.shape, sum) };
};
