import { cycle, ints, n, type OpCase, values } from "./case-inputs.ts";

export const lastTokenCases: readonly OpCase<"lastToken">[] = [
  {
    name: "padded on the right, on the left, not at all",
    inputs: { x: n(3, 4, 5), mask: ints([3, 4], [1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]) },
    attrs: {},
  },
  { name: "length 1", inputs: { x: n(2, 1, 3), mask: ints([2, 1], [1, 1]) }, attrs: {} },
];

export const trainedLinearCases: readonly OpCase<"trainedLinear">[] = [
  { name: "odd sizes", inputs: { x: n(5, 7), weight: n(3, 7) }, attrs: {} },
];

export const trainedLinearGradCases: readonly OpCase<"trainedLinearGrad">[] = [
  { name: "odd sizes", inputs: { dy: n(5, 3), x: n(5, 7), weight: n(3, 7) }, attrs: {} },
  { name: "one row", inputs: { dy: n(1, 2), x: n(1, 4), weight: n(2, 4) }, attrs: {} },
];

export const crossEntropyCases: readonly OpCase<"crossEntropy">[] = [
  {
    name: "weights of classes, padding entries",
    inputs: { logits: n(7, 5), targets: ints([7], cycle(7, 5)), lossWeights: values(1, 0.25, 2, 1, 3, 0, 0) },
    attrs: {},
  },
  {
    name: "a class that is certain, two that are equal",
    inputs: {
      logits: { shape: [2, 3], fill: [40, -40, 0, 1, 1, -2] },
      targets: ints([2], [1, 0]),
      lossWeights: values(1, 1),
    },
    attrs: {},
  },
];
