import { withLast } from "../../../ops/definition.ts";
import { addProduct, addProductT, asMatrix, roundAs, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const linear: Kernel<"linear"> = ({ x, weight, bias }) => {
  const [T, inn] = asMatrix(x);
  const out = weight.shape[0]!;
  const product = tensor(withLast(x.shape, out) as number[]);
  addProductT(product.data, x.data, weight.data, T, out, inn);
  const y = roundAs(weight, product);
  if (bias !== undefined) for (let i = 0; i < T * out; i++) y.data[i]! += bias.data[i % out]!;
  return { y };
};

export const linearGrad: Kernel<"linearGrad"> = ({ dy, weight }) => {
  const [T, out] = asMatrix(dy);
  const inn = weight.shape[1]!;
  const dx = tensor(withLast(dy.shape, inn) as number[]);
  addProduct(dx.data, dy.data, weight.data, T, inn, out);
  return { dx: roundAs(weight, dx) };
};
