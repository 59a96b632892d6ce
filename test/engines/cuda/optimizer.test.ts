import { expect, test } from "vitest";
import { adamw, clipScale } from "../../../src/engines/reference/ops/adamw.ts";
import { type Tensor, tensor } from "../../../src/engines/reference/tensor.ts";
import { expectClose } from "../../expect-close.ts";
import { type Emulator, inEveryOrder } from "./emulator.ts";
import { FLOAT32, f, floats, i, l, none, p, vector } from "./matrix.ts";

const N = 1000;
const HYPER = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, groups: [{ size: N, ratio: 1 }] };
const one = (x: number): Tensor => tensor([1], Float64Array.of(x));

function finite(emulator: Emulator, values: readonly number[]): bigint {
  const out = emulator.alloc(4);
  emulator.run("all_finite", [1], 256, [p(out), p(floats(emulator, values)), i(values.length)]);
  return out;
}

inEveryOrder("optimizer", (device) => {
  test("clipping and AdamW, and no update when a value is not finite", () => {
    const emulator = device();
    const [w, g, m, root] = [0, 1, 2, 3].map(() => vector(emulator, N)) as [Vector, Vector, Vector, Vector];
    const v = root.values.data.map((x) => Math.fround(x * x));
    const state = [w.pointer, m.pointer, floats(emulator, v)];
    const [norm, factor, squares] = [emulator.alloc(4), emulator.alloc(4), emulator.alloc(4)];
    const partial = emulator.alloc(4 * 4);
    const [rate, c1, c2, count] = [0.01, 0.19, 0.002, 4].map((x) => p(floats(emulator, [x])));
    emulator.run("sum_squares", [4], 256, [p(partial), p(g.pointer), l(N), l(250)]);
    emulator.run("sum_vector", [1], 256, [p(squares), p(partial), i(4)]);
    emulator.run("clip_norm", [1], 1, [p(norm), p(factor), p(squares), count!, f(1)]);
    const step = (scaled: bigint, guard: bigint, from: number, to: number): void =>
      emulator.run("adamw", [Math.ceil((to - from) / 256)], 256, [
        ...[...state.map(p), p(g.pointer), p(scaled), p(guard), rate!, c1!, c2!],
        ...[f(0.9), f(0.999), f(1 - 0.9), f(1 - 0.999), f(1e-8), f(0.1), f(1), l(from), l(to)],
      ]);
    step(factor, finite(emulator, [1, Number.NaN]), 0, N);
    expectClose(emulator.read(state[0]!, N), w.values.data, 0, "not moved");

    const total = one(g.values.data.reduce((sum, x) => sum + x * x, 0));
    const inputs = { g: g.values, sumSquares: total, count: one(4) };
    const { clipped, norm: expectedNorm } = clipScale(inputs, { limit: 1 });
    const scalars = { learningRate: one(0.01), correction1: one(0.19), correction2: one(0.002) };
    const given = { p: w.values, g: clipped, m: m.values, v: tensor([N], v), ...scalars };
    const expected = adamw(given, HYPER);
    // In two ranges, like parameter groups.
    step(factor, finite(emulator, [1, -3e38]), 0, 300);
    step(factor, 0n, 300, N);
    expectClose(emulator.read(norm, 1), expectedNorm.data, FLOAT32, "norm");
    for (const [k, result] of Object.values(expected).entries()) {
      expectClose(emulator.read(state[k]!, N), result.data, FLOAT32, `state ${k}`);
    }
    const { pNext, mNext, vNext } = expected;
    const again = adamw({ p: pNext, g: g.values, m: mNext, v: vNext, ...scalars }, HYPER);
    step(0n, 0n, 0, N);
    for (const [k, result] of Object.values(again).entries()) {
      expectClose(emulator.read(state[k]!, N), result.data, FLOAT32, `state ${k} without a factor`);
    }
  });

  test("all_finite detects one infinity among many values", () => {
    const emulator = device();
    const values = Array.from({ length: 700 }, (_, n) => n - 300);
    const flag = (list: number[]): number =>
      new Uint32Array(emulator.read(finite(emulator, list), 1).buffer)[0]!;
    expect(flag(values)).toBe(1);
    for (const strange of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(flag(values.with(650, strange))).toBe(0);
    }
  });

  test("scale_add: sums, copies, zeros, and no write when the guard is 0", () => {
    const emulator = device();
    const [a, b] = [vector(emulator, 300), vector(emulator, 300)];
    const factor = p(floats(emulator, [-2]));
    const move = (to: bigint, args: Parameters<typeof emulator.run>[3]): Float32Array => {
      emulator.run("scale_add", [2], 256, [p(to), ...args, l(300)]);
      return emulator.read(to, 300);
    };
    const [A, B] = [a.values.data, b.values.data];
    const fresh = (): bigint => emulator.alloc(4 * 300);
    expectClose(move(fresh(), [p(a.pointer), none, none, none]), A, 0, "copy");
    expectClose(move(fresh(), [none, p(b.pointer), factor, none]), B, 0, "copy of b");
    expectClose(move(fresh(), [none, none, none, none]), new Float64Array(300), 0, "zeros");
    const stays = move(b.pointer, [p(a.pointer), none, none, p(finite(emulator, [Number.NaN]))]);
    expectClose(stays, B, 0, "guarded");
    const sum = move(b.pointer, [p(a.pointer), p(b.pointer), factor, p(finite(emulator, [0]))]);
    const expected = A.map((x, n) => B[n]! - 2 * x);
    expectClose(sum, expected, FLOAT32, "sum in place");
  });
});

type Vector = ReturnType<typeof vector>;
