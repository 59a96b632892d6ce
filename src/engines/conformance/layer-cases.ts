import { type CaseInput, n, normWeight, type OpCase, positive, weight } from "./case-inputs.ts";

/** Rows whose mean is large beside their deviation. */
const SHIFTED: CaseInput = {
  shape: [3, 5],
  fill: [101, 99, 100, 102, 98, -3, -2, -1, 0, 1, 7, 7, 7, 7, 8],
};

export const layerNormCases: readonly OpCase<"layerNorm">[] = [
  {
    name: "ordinary",
    inputs: { x: n(2, 4, 8), weight: normWeight(8), bias: weight(8) },
    attrs: { eps: 1e-12 },
  },
  {
    name: "rows, odd sizes, a mean that is large beside the deviation",
    inputs: { x: SHIFTED, weight: normWeight(5), bias: weight(5) },
    attrs: { eps: 1e-5 },
  },
  { name: "no bias", inputs: { x: n(1, 3, 11), weight: normWeight(11) }, attrs: { eps: 1e-5 } },
];

export const layerNormGradCases: readonly OpCase<"layerNormGrad">[] = [
  {
    name: "ordinary",
    inputs: {
      dy: n(2, 4, 8),
      x: n(2, 4, 8),
      weight: normWeight(8),
      mean: n(2, 4, 1),
      rstd: positive(2, 4, 1),
    },
    attrs: {},
  },
  {
    name: "rows, odd sizes",
    inputs: { dy: n(5, 7), x: n(5, 7), weight: normWeight(7), mean: n(5, 1), rstd: positive(5, 1) },
    attrs: {},
  },
];

const TAILS: CaseInput = { shape: [2, 5], fill: [-9, -4, -1, -0.01, 0, 1e-6, 0.5, 3, 6, 20] };
const FORMS = ["erf", "tanh"] as const;

export const geluCases: readonly OpCase<"gelu">[] = FORMS.flatMap((form) => [
  { name: `${form}, odd sizes`, inputs: { x: n(2, 3, 7) }, attrs: { form } },
  { name: `${form}, tails and zero`, inputs: { x: TAILS }, attrs: { form } },
]);

export const geluGradCases: readonly OpCase<"geluGrad">[] = FORMS.flatMap((form) => [
  { name: `${form}, odd sizes`, inputs: { dy: n(2, 3, 7), x: n(2, 3, 7) }, attrs: { form } },
  { name: `${form}, tails and zero`, inputs: { dy: n(2, 5), x: TAILS }, attrs: { form } },
]);
