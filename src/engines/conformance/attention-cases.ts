import { ints, n, type OpCase } from "./case-inputs.ts";

interface Grid {
  readonly name: string;
  readonly B: number;
  readonly S: number;
  readonly H: number;
  readonly K: number;
  readonly d: number;
  readonly segments: number[];
  readonly causal: boolean;
  readonly window?: number;
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
  { name: "wide heads", B: 1, S: 5, H: 2, K: 1, d: 160, segments: Array(5).fill(1), causal: true },
  { name: "window", B: 2, S: 9, H: 3, K: 1, d: 4, segments: Array(18).fill(1), causal: true, window: 3 },
  {
    name: "window, packed",
    B: 1,
    S: 9,
    H: 2,
    K: 2,
    d: 4,
    segments: [1, 1, 1, 1, 1, 2, 2, 2, 2],
    causal: true,
    window: 2,
  },
  {
    name: "window, bidirectional",
    B: 1,
    S: 8,
    H: 2,
    K: 1,
    d: 4,
    segments: Array(8).fill(1),
    causal: false,
    window: 3,
  },
];
const scaleOf = (d: number): number => 1 / Math.sqrt(d);

export const attentionCases = GRIDS.map(
  ({ name, B, S, H, K, d, segments, ...rule }): OpCase<"attention"> => ({
    name,
    inputs: { q: n(B, S, H * d), k: n(B, S, K * d), v: n(B, S, K * d), segments: ints([B, S], segments) },
    attrs: { heads: H, kvHeads: K, ...rule, scale: scaleOf(d) },
  }),
);

export const attentionGradCases = GRIDS.map(
  ({ name, B, S, H, K, d, segments, ...rule }): OpCase<"attentionGrad"> => ({
    name,
    // The runner replaces o and lse by those of the forward pass.
    inputs: {
      dO: n(B, S, H * d),
      q: n(B, S, H * d),
      k: n(B, S, K * d),
      v: n(B, S, K * d),
      o: n(B, S, H * d),
      lse: n(B, H, S),
      segments: ints([B, S], segments),
    },
    attrs: { heads: H, kvHeads: K, ...rule, scale: scaleOf(d) },
  }),
);

export const cachedAttentionCases: readonly OpCase<"cachedAttention">[] = [
  {
    name: "prefill, left padding",
    inputs: {
      q: n(2, 3, 8),
      k: n(2, 3, 4),
      v: n(2, 3, 4),
      pastKey: n(2, 1, 0, 4),
      pastValue: n(2, 1, 0, 4),
      mask: ints([2, 3], [1, 1, 1, 0, 1, 1]),
    },
    attrs: { heads: 2, kvHeads: 1, scale: 0.5 },
  },
  {
    name: "one step",
    inputs: {
      q: n(2, 1, 12),
      k: n(2, 1, 6),
      v: n(2, 1, 6),
      pastKey: n(2, 2, 4, 3),
      pastValue: n(2, 2, 4, 3),
      mask: ints([2, 5], [1, 1, 1, 1, 1, 0, 0, 1, 1, 1]),
    },
    attrs: { heads: 4, kvHeads: 2, scale: 0.6 },
  },
  {
    name: "window, prefill with left padding",
    inputs: {
      q: n(2, 6, 8),
      k: n(2, 6, 4),
      v: n(2, 6, 4),
      pastKey: n(2, 1, 0, 4),
      pastValue: n(2, 1, 0, 4),
      mask: ints([2, 6], [1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1]),
    },
    attrs: { heads: 2, kvHeads: 1, scale: 0.5, window: 3 },
  },
  {
    name: "window, one step beyond it",
    inputs: {
      q: n(2, 1, 12),
      k: n(2, 1, 6),
      v: n(2, 1, 6),
      pastKey: n(2, 2, 4, 3),
      pastValue: n(2, 2, 4, 3),
      mask: ints([2, 5], [1, 1, 1, 1, 1, 0, 0, 1, 1, 1]),
    },
    attrs: { heads: 4, kvHeads: 2, scale: 0.6, window: 2 },
  },
];
