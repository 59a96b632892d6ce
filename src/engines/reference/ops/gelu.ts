import { GELU_CUBE, GELU_SCALE } from "../../../ops/gelu.ts";
import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const gelu: Kernel<"gelu"> = ({ x }, { form }) => ({
  y: tensor(
    x.shape,
    x.data.map((value) => value * FORMS[form].cdf(value)),
  ),
});

export const geluGrad: Kernel<"geluGrad"> = ({ dy, x }, { form }) => {
  const { cdf, slope } = FORMS[form];
  return {
    dx: tensor(
      x.shape,
      x.data.map((value, i) => dy.data[i]! * (cdf(value) + value * slope(value))),
    ),
  };
};

const inner = (x: number): number => Math.tanh(GELU_SCALE * (x + GELU_CUBE * x ** 3));

/** The factor of x, and its derivative. */
const FORMS = {
  erf: {
    cdf: (x: number): number => (1 + erf(x * Math.SQRT1_2)) / 2,
    slope: (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI),
  },
  tanh: {
    cdf: (x: number): number => (1 + inner(x)) / 2,
    slope: (x: number): number => ((1 - inner(x) ** 2) / 2) * GELU_SCALE * (1 + 3 * GELU_CUBE * x * x),
  },
};

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
