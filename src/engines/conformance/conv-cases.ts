import { type CaseInput, ints, n, type OpCase, weight } from "./case-inputs.ts";

interface Grid {
  readonly name: string;
  readonly B: number;
  readonly S: number;
  readonly D: number;
  readonly L: number;
  readonly segments: number[];
  readonly biased: boolean;
}
const GRIDS: readonly Grid[] = [
  { name: "ordinary", B: 2, S: 6, D: 8, L: 3, segments: Array(12).fill(1), biased: false },
  {
    name: "packed and padded, bias, odd sizes",
    ...{ B: 2, S: 7, D: 5, L: 3, biased: true },
    segments: [1, 1, 1, 2, 2, 0, 0, 0, 1, 1, 2, 3, 3, 3],
  },
  { name: "shorter than the filter", B: 1, S: 2, D: 11, L: 4, segments: [1, 1], biased: false },
];

const operands = ({ B, S, D, L, biased }: Omit<Grid, "name" | "segments">) => ({
  x: n(B, S, 3 * D),
  filter: weight(D, 1, L),
  ...(biased ? { bias: weight(D) } : {}),
});

export const gatedConvCases = GRIDS.map(
  ({ name, segments, ...sizes }): OpCase<"gatedConv"> => ({
    name,
    inputs: {
      ...operands(sizes),
      segments: ints([sizes.B, sizes.S], segments),
    } as OpCase<"gatedConv">["inputs"],
    attrs: {},
  }),
);

export const gatedConvGradCases = GRIDS.map(
  ({ name, segments, ...sizes }): OpCase<"gatedConvGrad"> => ({
    name,
    inputs: {
      dy: n(sizes.B, sizes.S, sizes.D),
      ...operands(sizes),
      segments: ints([sizes.B, sizes.S], segments),
    },
    attrs: {},
  }),
);

const cached = (
  name: string,
  sizes: Omit<Grid, "name" | "segments">,
  past: CaseInput,
  mask: CaseInput,
): OpCase<"cachedGatedConv"> => ({ name, inputs: { ...operands(sizes), past, mask }, attrs: {} });

export const cachedGatedConvCases: readonly OpCase<"cachedGatedConv">[] = [
  cached(
    "prefill, left padding, bias",
    { B: 2, S: 4, D: 6, L: 3, biased: true },
    { shape: [2, 6, 3], fill: Array<number>(36).fill(0) },
    ints([2, 4], [1, 1, 1, 1, 0, 0, 1, 1]),
  ),
  cached(
    "one step",
    { B: 2, S: 1, D: 5, L: 3, biased: false },
    n(2, 5, 3),
    ints([2, 6], [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1]),
  ),
];
