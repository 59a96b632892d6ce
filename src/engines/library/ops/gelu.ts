import { GELU_CUBE, GELU_SCALE } from "../../../ops/gelu.ts";
import type { Lowering } from "../lowering.ts";
import type { Tensor, TensorBuilder } from "../tensor-builder.ts";

export const gelu: Lowering<"gelu"> = ({ b, rows, attrs }) => {
  const x = rows("x");
  return { y: b.mul(x, FORMS[attrs.form].cdf(b, x)) };
};

export const geluGrad: Lowering<"geluGrad"> = ({ b, rows, attrs }) => {
  const x = rows("x");
  const { cdf, slope } = FORMS[attrs.form];
  const factor = cdf(b, x);
  return { dx: b.mul(rows("dy"), b.add(factor, b.mul(x, slope(b, x, factor)))) };
};

/** The factor of x in GELU, and its derivative. */
const FORMS = {
  erf: {
    cdf: (b: TensorBuilder, x: Tensor): Tensor =>
      b.add(b.times(b.erf(b.times(x, Math.SQRT1_2)), 0.5), b.scalar(0.5)),
    slope: (b: TensorBuilder, x: Tensor): Tensor =>
      b.times(b.exp(b.times(b.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI)),
  },
  tanh: {
    // (1 + tanh u) / 2 = sigmoid(2 u).
    cdf: (b: TensorBuilder, x: Tensor): Tensor => {
      const cubic = b.add(b.times(b.square(x), 2 * GELU_SCALE * GELU_CUBE), b.scalar(2 * GELU_SCALE));
      return b.sigmoid(b.mul(x, cubic));
    },
    slope: (b: TensorBuilder, x: Tensor, s: Tensor): Tensor => {
      const inner = b.add(b.times(b.square(x), 6 * GELU_SCALE * GELU_CUBE), b.scalar(2 * GELU_SCALE));
      return b.mul(b.mul(s, b.sub(b.scalar(1), s)), inner);
    },
  },
};
