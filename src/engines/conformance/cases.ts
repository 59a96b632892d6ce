import type { AttrsOf, OpName } from "../../ops/attrs.ts";
import { attentionCases, attentionGradCases, cachedAttentionCases } from "./attention-cases.ts";
import {
  bits,
  type CaseInput,
  cycle,
  ints,
  n,
  normWeight,
  type OpCase,
  positive,
  values,
  weight,
} from "./case-inputs.ts";
import {
  crossEntropyCases,
  lastTokenCases,
  trainedLinearCases,
  trainedLinearGradCases,
} from "./class-head-cases.ts";
import { cachedGatedConvCases, gatedConvCases, gatedConvGradCases } from "./conv-cases.ts";
import { geluCases, geluGradCases, layerNormCases, layerNormGradCases } from "./layer-cases.ts";
import { contrastiveCases } from "./pair-cases.ts";

const none = {};

const frequencies = (half: number): number[] =>
  Array.from({ length: half }, (_, j) => Math.fround(1 / Math.fround(10000 ** (j / half))));
const ropeAttrs = (heads: number, half: number, inverse: boolean): AttrsOf<"rope"> => ({
  heads,
  inverseFrequencies: frequencies(half),
  maxPositions: 512,
  inverse,
});

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

/** Test inputs of every operation for every engine: ordinary, odd sizes, length 1, packed, padded, masked. */
export const CASES = {
  embed: [
    { name: "ordinary", inputs: { ids: ints([2, 4], cycle(8, 11)), table: weight(11, 6) }, attrs: none },
    { name: "length 1", inputs: { ids: ints([1, 1], [2]), table: weight(3, 5) }, attrs: none },
  ],
  columnIndex: [{ name: "ordinary", inputs: { ids: ints([2, 4], cycle(8, 11)) }, attrs: none }],
  add: [
    { name: "odd sizes", inputs: { a: n(3, 5, 7), b: n(3, 5, 7) }, attrs: none },
    { name: "many rows", inputs: { a: n(1, 52, 35), b: n(1, 52, 35) }, attrs: none },
  ],
  multiply: [
    { name: "odd sizes", inputs: { a: n(3, 5, 7), b: n(3, 5, 7) }, attrs: none },
    { name: "many rows", inputs: { a: n(1, 52, 35), b: n(1, 52, 35) }, attrs: none },
  ],
  cast: [
    {
      name: "ties, negatives, tiny and huge",
      inputs: {
        x: { shape: [2, 4], fill: [1.00390625, 1.01171875, -1.00390625, 3.14159274, -0.1, 1e-38, 3e38, 0] },
      },
      attrs: { to: "bf16" },
    },
  ],
  scale: [{ name: "ordinary", inputs: { x: n(2, 3, 4) }, attrs: { factor: -0.3 } }],
  linear: [
    { name: "ordinary", inputs: { x: n(2, 4, 8), weight: weight(6, 8) }, attrs: none },
    {
      name: "bias, odd sizes",
      inputs: { x: n(1, 3, 5), weight: weight(7, 5), bias: weight(7) },
      attrs: none,
    },
    { name: "rows", inputs: { x: n(5, 8), weight: weight(6, 8) }, attrs: none },
  ],
  linearGrad: [
    { name: "ordinary", inputs: { dy: n(2, 4, 6), weight: weight(6, 8) }, attrs: none },
    { name: "length 1", inputs: { dy: n(1, 1, 3), weight: weight(3, 5) }, attrs: none },
  ],
  loraLinear: [
    ...loraShapes.map(
      ({ name, x, out, r }): OpCase<"loraLinear"> => ({
        name,
        inputs: { x: n(...x), weight: weight(out, x[2]), A: n(r, x[2]), B: n(out, r) },
        attrs: { scale: 1.7, dropout: 0, hasBias: false },
      }),
    ),
    {
      name: "bias and dropout",
      inputs: {
        x: n(2, 3, 6),
        weight: weight(4, 6),
        A: n(2, 6),
        B: n(4, 2),
        dropoutMask: dropoutMaskOf([2, 3, 6]),
        bias: weight(4),
      },
      attrs: { scale: 0.5, dropout: 0.25, hasBias: true },
    },
    {
      name: "dropout, many rows",
      inputs: {
        x: n(1, 52, 35),
        weight: weight(4, 35),
        A: n(2, 35),
        B: n(4, 2),
        dropoutMask: dropoutMaskOf([1, 52, 35]),
      },
      attrs: { scale: 0.5, dropout: 0.25, hasBias: false },
    },
  ],
  loraLinearGrad: [
    ...loraShapes.flatMap(({ name, x, out, r }) =>
      [true, false].map(
        (needsInput): OpCase<"loraLinearGrad"> => ({
          name: `${name}${needsInput ? "" : ", no input gradient"}`,
          inputs: {
            dy: n(x[0], x[1], out),
            x: n(...x),
            weight: weight(out, x[2]),
            A: n(r, x[2]),
            B: n(out, r),
            loraHidden: n(x[0], x[1], r),
          },
          attrs: { scale: 1.7, dropout: 0, needsInput },
        }),
      ),
    ),
    {
      name: "dropout",
      inputs: {
        dy: n(2, 3, 4),
        x: n(2, 3, 6),
        weight: weight(4, 6),
        A: n(2, 6),
        B: n(4, 2),
        loraHidden: n(2, 3, 2),
        dropoutMask: dropoutMaskOf([2, 3, 6]),
      },
      attrs: { scale: 0.5, dropout: 0.25, needsInput: true },
    },
    {
      name: "dropout, many rows",
      inputs: {
        dy: n(1, 52, 4),
        x: n(1, 52, 35),
        weight: weight(4, 35),
        A: n(2, 35),
        B: n(4, 2),
        loraHidden: n(1, 52, 2),
        dropoutMask: dropoutMaskOf([1, 52, 35]),
      },
      attrs: { scale: 0.5, dropout: 0.25, needsInput: true },
    },
  ],
  rmsNorm: [
    { name: "ordinary", inputs: { x: n(2, 4, 8), weight: normWeight(8) }, attrs: { eps: 1e-5 } },
    { name: "rows, odd sizes", inputs: { x: n(5, 7), weight: normWeight(7) }, attrs: { eps: 1e-6 } },
    { name: "per head", inputs: { x: n(2, 3, 20), weight: normWeight(5) }, attrs: { eps: 1e-6 } },
    { name: "offset", inputs: { x: n(2, 3, 8), weight: weight(8) }, attrs: { eps: 1e-6, offset: 1 } },
  ],
  rmsNormGrad: [
    {
      name: "ordinary",
      inputs: { dy: n(2, 4, 8), x: n(2, 4, 8), weight: normWeight(8), rstd: positive(2, 4, 1) },
      attrs: none,
    },
    {
      name: "rows, odd sizes",
      inputs: { dy: n(5, 7), x: n(5, 7), weight: normWeight(7), rstd: positive(5, 1) },
      attrs: none,
    },
    {
      name: "per head, offset",
      inputs: { dy: n(2, 3, 20), x: n(2, 3, 20), weight: weight(5), rstd: positive(2, 3, 4) },
      attrs: { offset: 1 },
    },
  ],
  layerNorm: layerNormCases,
  layerNormGrad: layerNormGradCases,
  rope: [
    {
      name: "ordinary",
      inputs: { x: n(2, 4, 16), positions: ints([2, 4], [0, 1, 2, 3, 0, 1, 2, 3]) },
      attrs: ropeAttrs(2, 4, false),
    },
    {
      name: "packed, inverse",
      inputs: { x: n(1, 5, 6), positions: ints([1, 5], [0, 1, 0, 1, 2]) },
      attrs: ropeAttrs(1, 3, true),
    },
    {
      name: "many rows",
      inputs: { x: n(1, 52, 66), positions: ints([1, 52], cycle(52, 12)) },
      attrs: ropeAttrs(3, 11, true),
    },
    {
      name: "far positions",
      inputs: { x: n(1, 2, 24), positions: ints([1, 2], [300, 511]) },
      attrs: ropeAttrs(3, 4, false),
    },
  ],
  attention: attentionCases,
  attentionGrad: attentionGradCases,
  cachedAttention: cachedAttentionCases,
  gatedMlp: [
    { name: "odd sizes", inputs: { gate: n(2, 3, 7), up: n(2, 3, 7) }, attrs: { activation: "silu" } },
    { name: "many rows", inputs: { gate: n(1, 52, 35), up: n(1, 52, 35) }, attrs: { activation: "silu" } },
    { name: "gelu_tanh", inputs: { gate: n(2, 3, 7), up: n(2, 3, 7) }, attrs: { activation: "gelu_tanh" } },
  ],
  gatedMlpGrad: [
    {
      name: "odd sizes",
      inputs: { dy: n(2, 3, 7), gate: n(2, 3, 7), up: n(2, 3, 7) },
      attrs: { activation: "silu" },
    },
    {
      name: "many rows",
      inputs: { dy: n(1, 52, 35), gate: n(1, 52, 35), up: n(1, 52, 35) },
      attrs: { activation: "silu" },
    },
    {
      name: "gelu_tanh",
      inputs: { dy: n(2, 3, 7), gate: n(2, 3, 7), up: n(2, 3, 7) },
      attrs: { activation: "gelu_tanh" },
    },
  ],
  gelu: geluCases,
  geluGrad: geluGradCases,
  splitColumns: [
    { name: "ordinary", inputs: { x: n(2, 4, 24) }, attrs: { count: 3 } },
    { name: "odd sizes", inputs: { x: n(1, 5, 14) }, attrs: { count: 2 } },
  ],
  concatColumns: [
    { name: "ordinary", inputs: { parts: [n(2, 4, 8), n(2, 4, 8), n(2, 4, 8)] }, attrs: none },
    { name: "odd sizes", inputs: { parts: [n(1, 5, 7), n(1, 5, 7)] }, attrs: none },
  ],
  contrastive: contrastiveCases,
  gatedConv: gatedConvCases,
  gatedConvGrad: gatedConvGradCases,
  cachedGatedConv: cachedGatedConvCases,
  gatherRows: [{ name: "ordinary", inputs: { x: n(2, 4, 3), rows: ints([3], [5, 0, 7]) }, attrs: none }],
  scatterRows: [
    {
      name: "a padding entry repeats row 0",
      inputs: { dy: n(4, 3), rows: ints([4], [5, 0, 7, 0]), like: n(2, 4, 3) },
      attrs: none,
    },
  ],
  linearCrossEntropy: [
    {
      name: "three chunks, padding entries",
      inputs: {
        h: n(7, 6),
        weight: weight(11, 6),
        targets: ints([7], cycle(7, 11)),
        lossWeights: values(1, 1, 1, 1, 1, 0, 0),
      },
      attrs: { chunkRows: 3 },
    },
    {
      name: "nothing labelled",
      inputs: {
        h: n(2, 6),
        weight: weight(5, 6),
        targets: ints([2], [0, 0]),
        lossWeights: values(0, 0),
      },
      attrs: { chunkRows: 8 },
    },
  ],
  lastToken: lastTokenCases,
  trainedLinear: trainedLinearCases,
  trainedLinearGrad: trainedLinearGradCases,
  crossEntropy: crossEntropyCases,
  unflatten: [
    {
      name: "ordinary",
      inputs: { flat: n(23) },
      attrs: {
        shapes: [
          [2, 4],
          [5, 3],
        ],
      },
    },
  ],
  flatten: [{ name: "ordinary", inputs: { parts: [n(2, 4), n(5, 3)] }, attrs: none }],
  sumSquares: [{ name: "odd sizes", inputs: { x: n(1003) }, attrs: none }],
  clipScale: [
    {
      name: "clips",
      inputs: { g: n(9), sumSquares: values(81), count: values(4) },
      attrs: { limit: 1 },
    },
    {
      name: "below the limit",
      inputs: { g: n(9), sumSquares: values(0.25), count: values(4) },
      attrs: { limit: 1 },
    },
    {
      name: "off",
      inputs: { g: n(9), sumSquares: values(81), count: values(4) },
      attrs: { limit: 0 },
    },
  ],
  adamw: [
    {
      name: "decay and LoRA+",
      inputs: {
        p: n(10),
        g: n(10),
        m: n(10),
        v: positive(10),
        learningRate: values(0.01),
        correction1: values(0.19),
        correction2: values(0.002),
      },
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
  zerosLike: [{ name: "ordinary", inputs: { x: n(7) }, attrs: none }],
} satisfies { readonly [Op in OpName]: readonly OpCase<Op>[] };
