import { describe, expect, test } from "vitest";
import { CASES } from "../../../src/engines/conformance/cases.ts";
import type { Argument } from "../../../src/engines/cuda/driver/launch.ts";
import { attention, attentionGrad } from "../../../src/engines/reference/ops/attention.ts";
import { type Tensor, tensor } from "../../../src/engines/reference/tensor.ts";
import { createRng } from "../../../src/rng.ts";
import { expectClose } from "../../expect-close.ts";
import { type Emulator, inEveryOrder } from "./emulator.ts";
import {
  at,
  FLOAT32,
  f,
  i,
  ints,
  l,
  matrix,
  outputMatrix,
  p,
  ROUNDED,
  read,
  SUMS_OF_ROUNDED,
} from "./matrix.ts";

interface Grid {
  readonly name: string;
  readonly B: number;
  readonly S: number;
  readonly H: number;
  readonly K: number;
  readonly d: number;
  readonly causal: boolean;
  readonly segments?: readonly number[];
  readonly window?: number | undefined;
}

/** The conformance cases, with head sizes of 4 and 6 among them. */
const conformance = CASES.attention.map(({ name, inputs, attrs }): Grid => {
  const [B, S, width] = inputs.q.shape as readonly [number, number, number];
  const segments = inputs.segments.fill as readonly number[];
  return {
    name,
    B,
    S,
    H: attrs.heads,
    K: attrs.kvHeads,
    d: width / attrs.heads,
    causal: attrs.causal,
    segments,
    window: attrs.window,
  };
});
const larger: readonly Grid[] = [
  { name: "packed, grouped heads", B: 2, S: 70, H: 4, K: 2, d: 16, causal: true },
  { name: "bidirectional", B: 1, S: 90, H: 2, K: 1, d: 64, causal: false },
  { name: "head size 63, padded beyond the tile", B: 1, S: 66, H: 2, K: 1, d: 63, causal: true },
  { name: "head size 80", B: 1, S: 66, H: 1, K: 1, d: 80, causal: true },
  { name: "head size 128", B: 1, S: 70, H: 2, K: 1, d: 128, causal: true },
  { name: "head size 256, window", B: 1, S: 70, H: 2, K: 1, d: 256, causal: true, window: 40 },
  { name: "head size 203", B: 1, S: 66, H: 1, K: 1, d: 203, causal: true },
  { name: "window below a tile", B: 2, S: 150, H: 2, K: 1, d: 16, causal: true, window: 20 },
  { name: "window above a tile", B: 1, S: 150, H: 1, K: 1, d: 8, causal: true, window: 80 },
  { name: "window, bidirectional", B: 1, S: 140, H: 2, K: 1, d: 8, causal: false, window: 30 },
  { name: "window, head size 128", B: 1, S: 140, H: 1, K: 1, d: 128, causal: true, window: 30 },
];

/** Runs all four kernels on random operands. */
function onDevice(emulator: Emulator, grid: Grid) {
  const { B, S, H, K, d, causal, window = 0 } = grid;
  const segments =
    grid.segments ?? Array.from({ length: B * S }, (_, n) => (n % S < S * 0.6 ? 1 : n % S < S * 0.9 ? 2 : 0));
  const [rows, head] = [B * S, [64, 96, 128, 256].find((size) => d <= size)!];
  // Operands of a case do not depend on the cases before it.
  const rng = createRng(`attention ${grid.name}`);
  const [q, k, v, dO] = [H, K, K, H].map((heads) =>
    matrix(emulator, rows, heads * d, () => rng.normal()),
  ) as [Mat, Mat, Mat, Mat];
  const o = outputMatrix(emulator, rows, H * d);
  const [lse, delta] = [emulator.alloc(4 * rows * H), emulator.alloc(4 * rows * H)];
  const places = p(ints(emulator, segments));
  const sizes = [i(S), i(H), i(K), i(d), i(q.ld), i(k.ld), i(v.ld)];
  const rule = [i(causal ? 1 : 0), i(window), f(1 / Math.sqrt(d))];
  const run = (name: string, heads: number, tiles: number, args: readonly Argument[]): void =>
    emulator.run(
      `${name}_${head}`,
      [Math.ceil(S / 64) * Math.ceil(head / 128), heads, B],
      128,
      args,
      tiles * 64 * (head + 8) * 2,
    );
  run("attention", H, 3, [at(o), p(lse), at(q), at(k), at(v), places, ...sizes, i(o.ld), ...rule]);
  const count = rows * H;
  emulator.run("attention_delta", [Math.ceil(count / 4)], 128, [
    ...[p(delta), at(dO), at(o), i(S), i(H), i(d), i(dO.ld), i(o.ld), l(count)],
  ]);
  const [dq, dk, dv] = [H, K, K].map((heads) => outputMatrix(emulator, rows, heads * d)) as [Out, Out, Out];
  const saved = [at(dO), at(q), at(k), at(v), p(lse), p(delta), places, ...sizes, i(dO.ld)];
  const backward = head > 96 ? 3 : 4;
  run("attention_grad_kv", K, backward, [at(dk), at(dv), ...saved, i(dk.ld), i(dv.ld), ...rule]);
  run("attention_grad_q", H, backward, [at(dq), ...saved, i(dq.ld), ...rule]);
  const shape = (m: Tensor): Tensor => tensor([B, S, m.data.length / rows], m.data);
  return {
    inputs: [shape(q.values), shape(k.values), shape(v.values), tensor([B, S], Float64Array.from(segments))],
    dO: shape(dO.values),
    attrs: { heads: H, kvHeads: K, causal, scale: 1 / Math.sqrt(d), window: grid.window },
    o: read(emulator, o),
    lse: emulator.read(lse, count),
    gradients: [dq, dk, dv].map((m) => read(emulator, m)),
  };
}
type Mat = ReturnType<typeof matrix>;
type Out = ReturnType<typeof outputMatrix>;

inEveryOrder("attention", (device) => {
  describe.each([...conformance, ...larger])("$name", (grid) => {
    test("forward and backward", () => {
      const { inputs, dO, attrs, ...actual } = onDevice(device(), grid);
      const { o, lse, gradients } = reference(inputs, dO, attrs);
      expectClose(actual.o, o!.data, ROUNDED, "o");
      expectClose(actual.lse, lse!.data, FLOAT32, "lse");
      for (const [n, name] of (["dq", "dk", "dv"] as const).entries()) {
        expectClose(actual.gradients[n]!, gradients[name].data, SUMS_OF_ROUNDED, name);
      }
      expect(device().stats()["conflicts"]).toBe(0);
    });
  });
});

type Attrs = Parameters<typeof attention>[1];

function reference(inputs: readonly Tensor[], dO: Tensor, attrs: Attrs) {
  const [q, k, v, segments] = inputs as [Tensor, Tensor, Tensor, Tensor];
  const { o, lse } = attention({ q, k, v, segments }, attrs);
  return { o, lse, gradients: attentionGrad({ dO, q, k, v, o, lse, segments }, attrs) };
}
