import { ints, n, type OpCase } from "./case-inputs.ts";

export const contrastiveCases: readonly OpCase<"contrastive">[] = [
  {
    name: "three pairs, padded",
    inputs: {
      x: n(6, 4, 7),
      segments: ints([6, 4], [1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0]),
    },
    attrs: { temperature: 0.5 },
  },
  {
    name: "texts of one token",
    inputs: { x: n(4, 1, 8), segments: ints([4, 1], [1, 1, 1, 1]) },
    attrs: { temperature: 0.4 },
  },
];
