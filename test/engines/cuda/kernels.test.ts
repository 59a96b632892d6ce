import { beforeAll, describe, expect, test } from "vitest";
import type { Argument } from "../../../src/engines/cuda/launch.ts";
import { launch } from "../../../src/engines/cuda/launch.ts";
import { adamw, clipScale } from "../../../src/engines/reference/ops/adamw.ts";
import { attention, attentionGrad } from "../../../src/engines/reference/ops/attention.ts";
import { gatedMlp, gatedMlpGrad } from "../../../src/engines/reference/ops/gated-mlp.ts";
import { linearCrossEntropy } from "../../../src/engines/reference/ops/linear-cross-entropy.ts";
import { rmsNorm, rmsNormGrad } from "../../../src/engines/reference/ops/rms-norm.ts";
import { rope } from "../../../src/engines/reference/ops/rope.ts";
import {
  addProduct,
  addProductT,
  addTProduct,
  type Tensor,
  tensor,
} from "../../../src/engines/reference/tensor.ts";
import { ropeTables } from "../../../src/ops/rope.ts";
import { expectClose } from "../../expect-close.ts";
import { Emulator, missing, ORDERS } from "./emulator.ts";
import { floats, ints, type Matrix, matrix, read, room } from "./matrix.ts";

/** bf16 has 8 significant bits, so one rounding is at most 2^-8 of a number; most results are rounded twice on their way. */
const ROUNDED = 2 ** -7;
/** Probabilities and products are rounded before they are summed. */
const SUMS_OF_ROUNDED = 2 ** -6;
const FLOAT32 = 1e-5;

const p = (pointer: bigint): Argument => ({ pointer });
const at = (m: Omit<Matrix, "values">): Argument => ({ pointer: m.pointer });
const i = (i32: number): Argument => ({ i32 });
const f = (f32: number): Argument => ({ f32 });
const l = (i64: number): Argument => ({ i64 });

describe.skipIf(missing !== null).each(ORDERS)(
  "kernels against the reference, blocks in %s order",
  (order) => {
    let emulator: Emulator;
    beforeAll(() => {
      emulator = new Emulator();
      emulator.order(order, 5);
    });
    const shaped = (values: Tensor, shape: number[]): Tensor => tensor(shape, values.data);

    test.each([
      ["128x128", 128, 128, 150, 140, 72, 16],
      ["64x64", 64, 64, 70, 130, 40, 8],
      ["64x32", 64, 32, 65, 24, 64, 0],
      ["64x64", 64, 64, 3, 5, 7, 3],
    ] as const)("gemm %s", (tile, BM, BN, M, N, K, K2) => {
      const run = (nn: boolean): void => {
        const a = matrix(emulator, M, K);
        const a2 = matrix(emulator, M, K2 || 8);
        const b = nn ? matrix(emulator, K, N) : matrix(emulator, N, K);
        const b2 = nn ? matrix(emulator, K2 || 8, N) : matrix(emulator, N, K2 || 8);
        const add = matrix(emulator, M, N);
        const c = room(emulator, M, N);
        const kernel = emulator.kernel(`gemm_${nn ? "nn" : "nt"}_${tile}`);
        const sharedBytes = 4 * 32 * (BM + BN) * 2;
        emulator.driver.call("cuFuncSetAttribute", kernel, 8, sharedBytes);
        const second = K2 > 0 ? [at(a2), at(b2)] : [p(0n), p(0n)];
        const args = [at(c), i(M), i(N), i(c.ld), at(a), at(b), i(K), i(a.ld), i(b.ld)];
        launch(emulator.driver, emulator.stream, {
          kernel,
          grid: [Math.ceil(c.ld / BN), Math.ceil(M / BM)],
          threads: 128,
          sharedBytes,
          args: [...args, ...second, i(K2), i(a2.ld), i(b2.ld), at(add)],
        });
        const expected = Float64Array.from(add.values.data);
        const product = nn ? addProduct : addProductT;
        product(expected, a.values.data, b.values.data, M, N, K);
        if (K2 > 0) product(expected, a2.values.data, b2.values.data, M, N, K2);
        expectClose(read(emulator, c), expected, ROUNDED, `gemm ${nn ? "nn" : "nt"}`);
      };
      run(false);
      run(true);
      expect(emulator.stats()["conflicts"]).toBe(0);
    });

    test("rms_norm after a residual sum, and its gradient", () => {
      for (const [T, d] of [
        [5, 72],
        [2, 7],
      ] as const) {
        const [x, w, dy, add] = [
          matrix(emulator, T, d),
          matrix(emulator, 1, d),
          matrix(emulator, T, d),
          matrix(emulator, T, d),
        ];
        const [y, residual, dx, inv] = [
          room(emulator, T, d),
          room(emulator, T, d),
          room(emulator, T, d),
          emulator.alloc(4 * T),
        ];
        const gain = tensor([d], w.values.data);
        emulator.run("rms_norm", [T], 128, [
          at(y),
          at(residual),
          p(inv),
          at(x),
          p(0n),
          at(w),
          i(d),
          i(x.ld),
          f(1e-5),
        ]);
        const [expected, scale] = rmsNorm([x.values, gain], { eps: 1e-5 });
        expectClose(read(emulator, y), expected!.data, ROUNDED, "y");
        expectClose(emulator.read(inv, T), scale!.data, FLOAT32, "inv");
        emulator.run("rms_norm_grad", [T], 128, [
          at(dx),
          at(dy),
          at(residual),
          at(w),
          p(inv),
          at(add),
          i(d),
          i(x.ld),
        ]);
        const [g] = rmsNormGrad([dy.values, x.values, gain, scale!], {});
        expectClose(
          read(emulator, dx),
          g!.data.map((v, n) => v + add.values.data[n]!),
          ROUNDED,
          "dx",
        );
        emulator.run("rms_norm", [T], 128, [
          at(y),
          at(residual),
          p(inv),
          at(x),
          at(add),
          at(w),
          i(d),
          i(x.ld),
          f(1e-5),
        ]);
        expectClose(
          read(emulator, residual),
          x.values.data.map((v, n) => v + add.values.data[n]!),
          ROUNDED,
          "residual",
        );
      }
    });

    test("rope, there and back", () => {
      const [T, heads, half] = [6, 3, 4];
      const inverseFrequencies = [1, 0.1, 0.01, 0.001];
      const x = matrix(emulator, T, heads * 2 * half);
      const positions = [0, 1, 2, 0, 1, 30];
      const { cos, sin } = ropeTables(inverseFrequencies, 31);
      const args = [
        p(ints(emulator, positions)),
        p(floats(emulator, cos)),
        p(floats(emulator, sin)),
        i(T),
        i(heads),
        i(half),
        i(x.ld),
      ];
      emulator.run("rope", [Math.ceil((T * heads * half) / 256)], 256, [at(x), ...args, i(0)]);
      const attrs = { heads, inverseFrequencies, maxPositions: 31, inverse: false };
      const [expected] = rope(
        [shaped(x.values, [1, T, x.width]), tensor([1, T], Float64Array.from(positions))],
        attrs,
      );
      expectClose(read(emulator, x), expected!.data, ROUNDED, "rotated");
      emulator.run("rope", [Math.ceil((T * heads * half) / 256)], 256, [at(x), ...args, i(1)]);
      expectClose(read(emulator, x), x.values.data, ROUNDED, "rotated back");
    });

    test("gated_mlp and its gradient", () => {
      const [gate, up, dh] = [matrix(emulator, 3, 40), matrix(emulator, 3, 40), matrix(emulator, 3, 40)];
      const [h, dgate, dup] = [room(emulator, 3, 40), room(emulator, 3, 40), room(emulator, 3, 40)];
      emulator.run("gated_mlp", [1], 256, [at(h), at(gate), at(up), l(120)]);
      const attrs = { activation: "silu" } as const;
      expectClose(read(emulator, h), gatedMlp([gate.values, up.values], attrs)[0]!.data, ROUNDED, "h");
      emulator.run("gated_mlp_grad", [1], 256, [at(dgate), at(dup), at(dh), at(gate), at(up), l(120)]);
      const [dg, du] = gatedMlpGrad([dh.values, gate.values, up.values], attrs);
      expectClose(read(emulator, dgate), dg!.data, ROUNDED, "dgate");
      expectClose(read(emulator, dup), du!.data, ROUNDED, "dup");
    });

    test("rows gathered, and scattered but for those without weight", () => {
      const x = matrix(emulator, 6, 24);
      const picked = room(emulator, 3, 24);
      const indices = ints(emulator, [5, 1, 0]);
      emulator.run("gather_rows", [3], 128, [at(picked), at(x), p(indices), i(24)]);
      const row = (n: number): Float64Array => x.values.data.subarray(n * 24, (n + 1) * 24);
      expectClose(read(emulator, picked), [...row(5), ...row(1), ...row(0)], 0, "gathered");
      const out = { ...room(emulator, 6, 24), pointer: emulator.alloc(new Uint16Array(6 * 24)) };
      emulator.run("scatter_rows", [3], 128, [
        at(out),
        at(picked),
        p(indices),
        p(floats(emulator, [1, 0.5, 0])),
        i(24),
      ]);
      const expected = new Float64Array(6 * 24);
      expected.set(row(5), 5 * 24);
      expected.set(row(1), 24);
      expectClose(read(emulator, out), expected, 0, "scattered");
    });

    test("cross entropy of logits in place, with the head's gradient", () => {
      const [N, D, V] = [5, 16, 301];
      const [h, head] = [matrix(emulator, N, D), matrix(emulator, V, D)];
      const product = new Float64Array(N * V);
      addProductT(product, h.values.data, head.values.data, N, V, D);
      const logits = matrix(emulator, N, V, (n) => product[n]!);
      const targets = [0, 300, 17, 5, 5];
      const weights = [1, 1, 0.5, 0, 1];
      const [loss, correct] = [emulator.alloc(4 * N), emulator.alloc(4 * N)];
      const args = [
        at(logits),
        p(ints(emulator, targets)),
        p(floats(emulator, weights)),
        p(loss),
        p(correct),
        i(V),
        i(logits.ld),
      ];
      emulator.run("cross_entropy_rows", [N], 256, args);
      const total = emulator.alloc(4);
      emulator.run("sum_vector", [1], 256, [p(total), p(loss), i(N)]);
      const exact = tensor([N, V], logits.values.data);
      const identity = tensor([V, V]);
      for (let v = 0; v < V; v++) identity.data[v * V + v] = 1;
      const [sum, right, gradient] = linearCrossEntropy(
        [exact, identity, tensor([N], Float64Array.from(targets)), tensor([N], Float64Array.from(weights))],
        { chunkRows: N },
      );
      expectClose(emulator.read(total, 1), sum!.data, FLOAT32, "loss");
      expectClose([emulator.read(correct, N).reduce((a, b) => a + b)], right!.data, 0, "correct");
      expectClose(read(emulator, logits), gradient!.data, ROUNDED, "gradient");
    });

    test.each([
      { name: "packed, grouped heads", B: 2, S: 70, H: 4, K: 2, d: 16, causal: true, head: 64 },
      { name: "one position", B: 3, S: 1, H: 2, K: 2, d: 8, causal: true, head: 64 },
      { name: "bidirectional", B: 1, S: 90, H: 2, K: 1, d: 64, causal: false, head: 64 },
      { name: "head size 80", B: 1, S: 66, H: 1, K: 1, d: 80, causal: true, head: 96 },
      { name: "head size 128", B: 1, S: 20, H: 2, K: 1, d: 128, causal: true, head: 128 },
    ])("attention, $name", ({ B, S, H, K, d, causal, head }) => {
      const [q, k, v, dO] = [
        matrix(emulator, B * S, H * d),
        matrix(emulator, B * S, K * d),
        matrix(emulator, B * S, K * d),
        matrix(emulator, B * S, H * d),
      ];
      const segments = Array.from({ length: B * S }, (_, n) =>
        n % S < S * 0.6 ? 1 : n % S < S * 0.9 ? 2 : 0,
      );
      const scale = 1 / Math.sqrt(d);
      const attrs = { heads: H, kvHeads: K, causal, scale };
      const [o, lse, delta] = [
        room(emulator, B * S, H * d),
        emulator.alloc(4 * B * H * S),
        emulator.alloc(4 * B * H * S),
      ];
      const places = p(ints(emulator, segments));
      const grid = [i(S), i(H), i(K), i(d), i(q.ld), i(k.ld), i(causal ? 1 : 0), i(0), f(scale)];
      const run = (name: string, tiles: number, heads: number, buffers: number, args: Argument[]): void => {
        const kernel = emulator.kernel(`${name}_${head}`);
        const sharedBytes = buffers * 64 * (head + 8) * 2;
        emulator.driver.call("cuFuncSetAttribute", kernel, 8, sharedBytes);
        launch(emulator.driver, emulator.stream, {
          kernel,
          grid: [tiles, heads, B],
          threads: 128,
          sharedBytes,
          args,
        });
      };
      const tiles = Math.ceil(S / 64);
      run("attention", tiles, H, 3, [at(o), p(lse), at(q), at(k), at(v), places, ...grid]);
      const three = (m: Tensor): Tensor => shaped(m, [B, S, m.data.length / (B * S)]);
      const inputs = [q, k, v].map(({ values }) => three(values)) as [Tensor, Tensor, Tensor];
      const seg = tensor([B, S], Float64Array.from(segments));
      const [expected, expectedLse] = attention([...inputs, seg], attrs);
      expectClose(read(emulator, o), expected!.data, ROUNDED, "o");
      expectClose(emulator.read(lse, B * H * S), expectedLse!.data, FLOAT32, "lse");
      const items = B * S * H;
      emulator.run("attention_delta", [Math.ceil(items / 4)], 128, [
        p(delta),
        at(dO),
        at(o),
        i(S),
        i(H),
        i(d),
        i(q.ld),
        l(items),
      ]);
      const [dq, dk, dv] = [
        room(emulator, B * S, H * d),
        room(emulator, B * S, K * d),
        room(emulator, B * S, K * d),
      ];
      const saved = [at(dO), at(q), at(k), at(v), p(lse), p(delta), places, ...grid];
      run("attention_grad_kv", tiles, K, 4, [at(dk), at(dv), ...saved]);
      run("attention_grad_q", tiles, H, 4, [at(dq), ...saved]);
      const gradients = attentionGrad([three(dO.values), ...inputs, expected!, expectedLse!, seg], attrs);
      for (const [n, result] of [dq, dk, dv].entries()) {
        expectClose(read(emulator, result), gradients[n]!.data, SUMS_OF_ROUNDED, ["dq", "dk", "dv"][n]!);
      }
      expect(emulator.stats()["conflicts"]).toBe(0);
    });

    test.each([16, 32, 64])("rank_gradient, rank up to %i, both ways round", (rank) => {
      const [T, M, r, slab] = [100, 72, rank - 3, 64];
      const [x, y] = [matrix(emulator, T, M), matrix(emulator, T, r)];
      for (const transposed of [0, 1]) {
        const slabs = Math.ceil(T / slab);
        const [partial, sum] = [
          emulator.alloc(4 * slabs * M * r),
          floats(emulator, new Float32Array(M * r).fill(1)),
        ];
        emulator.run(`rank_gradient_${rank}`, [Math.ceil(M / 64), slabs, Math.ceil(r / rank)], 128, [
          ...[p(partial), at(x), at(y), i(T), i(M), i(r), i(x.ld), i(y.ld), i(slab), f(0.5), i(transposed)],
        ]);
        emulator.run("sum_slabs", [Math.ceil((M * r) / 256)], 256, [
          p(sum),
          p(partial),
          i(slabs),
          l(M * r),
          i(1),
        ]);
        const expected = new Float64Array(M * r).fill(1);
        if (transposed) addTProduct(expected, y.values.data, x.values.data, r, M, T, 0.5);
        else addTProduct(expected, x.values.data, y.values.data, M, r, T, 0.5);
        expectClose(emulator.read(sum, M * r), expected, FLOAT32, transposed ? "transposed" : "straight");
      }
    });

    test("clipping and AdamW, and no step when something is not finite", () => {
      const n = 1000;
      const draw = matrix(emulator, 4, n).values.data;
      const part = (k: number): Float64Array => Float64Array.from(draw.subarray(k * n, (k + 1) * n));
      const [w, g, m] = [part(0), part(1), part(2)];
      const v = part(3).map((x) => x * x);
      const state = [w, m, v].map((x) => floats(emulator, x));
      const [gradient, norm, factor, finite] = [
        floats(emulator, g),
        emulator.alloc(4),
        emulator.alloc(4),
        emulator.alloc(4),
      ];
      const [partial, squares] = [emulator.alloc(4 * 4), emulator.alloc(4)];
      const scalars = floats(emulator, [0.01, 0.19, 0.002, 4]);
      const step = (loss: number): void => {
        emulator.run("sum_squares", [4], 256, [p(partial), p(gradient), l(n), l(250)]);
        emulator.run("sum_vector", [1], 256, [p(squares), p(partial), i(4)]);
        const at = [p(norm), p(factor), p(finite), p(squares), p(floats(emulator, [loss])), p(scalars), f(1)];
        emulator.run("clip_norm", [1], 1, at);
        const [from, to] = [0, n];
        const flat = [...state.map(p), p(gradient), p(factor), p(finite), p(scalars)];
        emulator.run("adamw", [4], 256, [...flat, f(0.9), f(0.999), f(1e-8), f(0.1), f(1), l(from), l(to)]);
      };
      const one = (x: number): Tensor => tensor([1], Float64Array.of(x));
      const total = one(g.reduce((sum, x) => sum + x * x, 0));
      const [clipped, expectedNorm] = clipScale([tensor([n], g), total, one(4)], { limit: 1 });
      const expected = adamw(
        [tensor([n], w), clipped!, tensor([n], m), tensor([n], v), one(0.01), one(0.19), one(0.002)],
        {
          beta1: 0.9,
          beta2: 0.999,
          eps: 1e-8,
          weightDecay: 0.1,
          groups: [{ size: n, ratio: 1 }],
        },
      );
      step(Number.NaN);
      expectClose(emulator.read(state[0]!, n), Float32Array.from(w), 0, "not moved");
      step(1);
      expectClose(emulator.read(norm, 1), expectedNorm!.data, FLOAT32, "norm");
      for (const [k, result] of expected.entries())
        expectClose(emulator.read(state[k]!, n), result.data, FLOAT32, `state ${k}`);
    });
  },
);
