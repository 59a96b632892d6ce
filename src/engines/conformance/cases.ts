import type { AttrsOf, OpName } from "../../ops/attrs.ts";
import { bits, type CaseInput, cycle, ints, n, normWeight, positive, weight } from "./case-inputs.ts";

export interface OpCase<Op extends OpName = OpName> {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly attrs: AttrsOf<Op>;
}

const none = {};

const frequencies = (half: number): number[] =>
  Array.from({ length: half }, (_, j) => Math.fround(1 / Math.fround(10000 ** (j / half))));
const ropeAttrs = (heads: number, half: number, inverse: boolean): AttrsOf<"rope"> => ({
  heads,
  inverseFrequencies: frequencies(half),
  maxPositions: 512,
  inverse,
});

interface Grid {
  readonly name: string;
  readonly B: number;
  readonly S: number;
  readonly H: number;
  readonly K: number;
  readonly d: number;
  readonly segments: number[];
  readonly causal: boolean;
}
const GRIDS: readonly Grid[] = [
  { name: "ordinary", B: 2, S: 8, H: 4, K: 2, d: 8, segments: Array(16).fill(1), causal: true },
  { name: "odd sizes", B: 3, S: 5, H: 3, K: 1, d: 6, segments: Array(15).fill(1), causal: true },
  { name: "length 1", B: 2, S: 1, H: 2, K: 2, d: 4, segments: [1, 1], causal: true },
  { name: "packed", B: 1, S: 9, H: 4, K: 4, d: 4, segments: [1, 1, 1, 2, 2, 3, 3, 3, 3], causal: true },
  {
    name: "padded",
    B: 2,
    S: 6,
    H: 2,
    K: 1,
    d: 8,
    segments: [1, 1, 1, 1, 0, 0, 1, 1, 2, 0, 0, 0],
    causal: true,
  },
  { name: "bidirectional", B: 1, S: 7, H: 2, K: 2, d: 4, segments: [1, 1, 1, 1, 2, 2, 0], causal: false },
];
const scaleOf = (d: number): number => 1 / Math.sqrt(d);

const attentionCases = GRIDS.map(
  ({ name, B, S, H, K, d, segments, causal }): OpCase<"attention"> => ({
    name,
    inputs: [n(B, S, H * d), n(B, S, K * d), n(B, S, K * d), ints([B, S], segments)],
    attrs: { heads: H, kvHeads: K, causal, scale: scaleOf(d) },
  }),
);

const loraShapes = [
  { name: "ordinary", x: [2, 6, 12], out: 10, r: 4 },
  { name: "odd sizes", x: [1, 5, 7], out: 3, r: 3 },
  { name: "length 1, rank 1", x: [2, 1, 9], out: 5, r: 1 },
] as const;
const dropoutMaskOf = (shape: readonly number[]): CaseInput =>
  bits(
    [...shape],
    Array.from({ length: shape[0]! * shape[1]! * shape[2]! }, (_, i) => (i % 3 === 0 ? 0 : 1)),
  );

/** Inputs of every operation to try on every engine: ordinary, odd sizes, length 1, packed, padded, masked. */
export const CASES = {
  embed: [
    { name: "ordinary", inputs: [ints([2, 4], cycle(8, 11)), weight(11, 6)], attrs: none },
    { name: "length 1", inputs: [ints([1, 1], [2]), weight(3, 5)], attrs: none },
  ],
  add: [
    { name: "odd sizes", inputs: [n(3, 5, 7), n(3, 5, 7)], attrs: none },
    { name: "many rows", inputs: [n(1, 52, 35), n(1, 52, 35)], attrs: none },
  ],
  cast: [
    {
      name: "ties, negatives, tiny and huge",
      inputs: [
        { shape: [2, 4], fill: [1.00390625, 1.01171875, -1.00390625, 3.14159274, -0.1, 1e-38, 3e38, 0] },
      ],
      attrs: { to: "bf16" },
    },
  ],
  scale: [{ name: "ordinary", inputs: [n(2, 3, 4)], attrs: { factor: -0.3 } }],
  linear: [
    { name: "ordinary", inputs: [n(2, 4, 8), weight(6, 8)], attrs: none },
    { name: "bias, odd sizes", inputs: [n(1, 3, 5), weight(7, 5), weight(7)], attrs: none },
    { name: "rows", inputs: [n(5, 8), weight(6, 8)], attrs: none },
  ],
  linearGrad: [
    { name: "ordinary", inputs: [n(2, 4, 6), weight(6, 8)], attrs: none },
    { name: "length 1", inputs: [n(1, 1, 3), weight(3, 5)], attrs: none },
  ],
  loraLinear: [
    ...loraShapes.map(
      ({ name, x, out, r }): OpCase<"loraLinear"> => ({
        name,
        inputs: [n(...x), weight(out, x[2]), n(r, x[2]), n(out, r)],
        attrs: { scale: 1.7, dropout: 0, hasBias: false },
      }),
    ),
    {
      name: "bias and dropout",
      inputs: [n(2, 3, 6), weight(4, 6), n(2, 6), n(4, 2), dropoutMaskOf([2, 3, 6]), weight(4)],
      attrs: { scale: 0.5, dropout: 0.25, hasBias: true },
    },
    {
      name: "dropout, many rows",
      inputs: [n(1, 52, 35), weight(4, 35), n(2, 35), n(4, 2), dropoutMaskOf([1, 52, 35])],
      attrs: { scale: 0.5, dropout: 0.25, hasBias: false },
    },
  ],
  loraLinearGrad: [
    ...loraShapes.flatMap(({ name, x, out, r }) =>
      [true, false].map(
        (needsInput): OpCase<"loraLinearGrad"> => ({
          name: `${name}${needsInput ? "" : ", no input gradient"}`,
          inputs: [n(x[0], x[1], out), n(...x), weight(out, x[2]), n(r, x[2]), n(out, r), n(x[0], x[1], r)],
          attrs: { scale: 1.7, dropout: 0, needsInput },
        }),
      ),
    ),
    {
      name: "dropout",
      inputs: [n(2, 3, 4), n(2, 3, 6), weight(4, 6), n(2, 6), n(4, 2), n(2, 3, 2), dropoutMaskOf([2, 3, 6])],
      attrs: { scale: 0.5, dropout: 0.25, needsInput: true },
    },
    {
      name: "dropout, many rows",
      inputs: [
        ...[n(1, 52, 4), n(1, 52, 35), weight(4, 35), n(2, 35), n(4, 2), n(1, 52, 2)],
        dropoutMaskOf([1, 52, 35]),
      ],
      attrs: { scale: 0.5, dropout: 0.25, needsInput: true },
    },
  ],
  rmsNorm: [
    { name: "ordinary", inputs: [n(2, 4, 8), normWeight(8)], attrs: { eps: 1e-5 } },
    { name: "rows, odd sizes", inputs: [n(5, 7), normWeight(7)], attrs: { eps: 1e-6 } },
  ],
  rmsNormGrad: [
    { name: "ordinary", inputs: [n(2, 4, 8), n(2, 4, 8), normWeight(8), positive(2, 4, 1)], attrs: none },
    { name: "rows, odd sizes", inputs: [n(5, 7), n(5, 7), normWeight(7), positive(5, 1)], attrs: none },
  ],
  rope: [
    {
      name: "ordinary",
      inputs: [n(2, 4, 16), ints([2, 4], [0, 1, 2, 3, 0, 1, 2, 3])],
      attrs: ropeAttrs(2, 4, false),
    },
    {
      name: "packed, inverse",
      inputs: [n(1, 5, 6), ints([1, 5], [0, 1, 0, 1, 2])],
      attrs: ropeAttrs(1, 3, true),
    },
    {
      name: "many rows",
      inputs: [n(1, 52, 66), ints([1, 52], cycle(52, 12))],
      attrs: ropeAttrs(3, 11, true),
    },
    { name: "far positions", inputs: [n(1, 2, 24), ints([1, 2], [300, 511])], attrs: ropeAttrs(3, 4, false) },
  ],
  attention: attentionCases,
  attentionGrad: GRIDS.map(
    ({ name, B, S, H, K, d, segments, causal }): OpCase<"attentionGrad"> => ({
      name,
      // o and lse are whatever the forward pass makes of q, k, v: the runner computes them.
      inputs: [
        n(B, S, H * d),
        n(B, S, H * d),
        n(B, S, K * d),
        n(B, S, K * d),
        n(B, S, H * d),
        n(B, H, S),
        ints([B, S], segments),
      ],
      attrs: { heads: H, kvHeads: K, causal, scale: scaleOf(d) },
    }),
  ),
  cachedAttention: [
    {
      name: "prefill, left padding",
      inputs: [
        n(2, 3, 8),
        n(2, 3, 4),
        n(2, 3, 4),
        n(2, 1, 0, 4),
        n(2, 1, 0, 4),
        ints([2, 3], [1, 1, 1, 0, 1, 1]),
      ],
      attrs: { heads: 2, kvHeads: 1, scale: 0.5 },
    },
    {
      name: "one step",
      inputs: [
        n(2, 1, 12),
        n(2, 1, 6),
        n(2, 1, 6),
        n(2, 2, 4, 3),
        n(2, 2, 4, 3),
        ints([2, 5], [1, 1, 1, 1, 1, 0, 0, 1, 1, 1]),
      ],
      attrs: { heads: 4, kvHeads: 2, scale: 0.6 },
    },
  ],
  gatedMlp: [
    { name: "odd sizes", inputs: [n(2, 3, 7), n(2, 3, 7)], attrs: { activation: "silu" } },
    { name: "many rows", inputs: [n(1, 52, 35), n(1, 52, 35)], attrs: { activation: "silu" } },
  ],
  gatedMlpGrad: [
    { name: "odd sizes", inputs: [n(2, 3, 7), n(2, 3, 7), n(2, 3, 7)], attrs: { activation: "silu" } },
    {
      name: "many rows",
      inputs: [n(1, 52, 35), n(1, 52, 35), n(1, 52, 35)],
      attrs: { activation: "silu" },
    },
  ],
  gatherRows: [{ name: "ordinary", inputs: [n(2, 4, 3), ints([3], [5, 0, 7])], attrs: none }],
  scatterRows: [
    {
      name: "a padding entry repeats row 0",
      inputs: [n(4, 3), ints([4], [5, 0, 7, 0]), n(2, 4, 3)],
      attrs: none,
    },
  ],
  linearCrossEntropy: [
    {
      name: "three chunks, padding entries",
      inputs: [n(7, 6), weight(11, 6), ints([7], cycle(7, 11)), { shape: [7], fill: [1, 1, 1, 1, 1, 0, 0] }],
      attrs: { chunkRows: 3 },
    },
    {
      name: "nothing labelled",
      inputs: [n(2, 6), weight(5, 6), ints([2], [0, 0]), { shape: [2], fill: [0, 0] }],
      attrs: { chunkRows: 8 },
    },
  ],
  unflatten: [
    {
      name: "ordinary",
      inputs: [n(23)],
      attrs: {
        shapes: [
          [2, 4],
          [5, 3],
        ],
      },
    },
  ],
  flatten: [{ name: "ordinary", inputs: [n(2, 4), n(5, 3)], attrs: none }],
  sumSquares: [{ name: "odd sizes", inputs: [n(1003)], attrs: none }],
  clipScale: [
    {
      name: "clips",
      inputs: [n(9), { shape: [1], fill: [81] }, { shape: [1], fill: [4] }],
      attrs: { limit: 1 },
    },
    {
      name: "below the limit",
      inputs: [n(9), { shape: [1], fill: [0.25] }, { shape: [1], fill: [4] }],
      attrs: { limit: 1 },
    },
    {
      name: "off",
      inputs: [n(9), { shape: [1], fill: [81] }, { shape: [1], fill: [4] }],
      attrs: { limit: 0 },
    },
  ],
  adamw: [
    {
      name: "decay and LoRA+",
      inputs: [
        n(10),
        n(10),
        n(10),
        positive(10),
        { shape: [1], fill: [0.01] },
        { shape: [1], fill: [0.19] },
        { shape: [1], fill: [0.002] },
      ],
      attrs: {
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weightDecay: 0.1,
        groups: [
          { size: 6, ratio: 1 },
          { size: 4, ratio: 16 },
        ],
      },
    },
  ],
  zerosLike: [{ name: "ordinary", inputs: [n(7)], attrs: none }],
} satisfies { readonly [Op in OpName]: readonly OpCase<Op>[] };
