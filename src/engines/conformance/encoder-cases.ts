import { n, normWeight, type OpCase, weight } from "./case-inputs.ts";

export const layerNormCases: readonly OpCase<"layerNorm">[] = [
  {
    name: "ordinary",
    inputs: { x: n(2, 4, 8), weight: normWeight(8), bias: weight(8) },
    attrs: { eps: 1e-12 },
  },
  {
    name: "rows, odd sizes, a mean that is large beside the deviation",
    inputs: {
      x: { shape: [3, 5], fill: [101, 99, 100, 102, 98, -3, -2, -1, 0, 1, 7, 7, 7, 7, 8] },
      weight: normWeight(5),
      bias: weight(5),
    },
    attrs: { eps: 1e-5 },
  },
];

export const geluCases: readonly OpCase<"gelu">[] = [
  { name: "odd sizes", inputs: { x: n(2, 3, 7) }, attrs: {} },
  {
    name: "tails and zero",
    inputs: { x: { shape: [2, 5], fill: [-9, -4, -1, -0.01, 0, 1e-6, 0.5, 3, 6, 20] } },
    attrs: {},
  },
];
