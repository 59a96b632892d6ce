import { expect, test } from "vitest";
import { chunkRows } from "../../../src/engines/cuda/ops/linear-cross-entropy.ts";
import { linearCrossEntropy } from "../../../src/engines/reference/ops/linear-cross-entropy.ts";
import { addProductT, tensor } from "../../../src/engines/reference/tensor.ts";
import { expectClose } from "../../expect-close.ts";
import { inEveryOrder } from "./emulator.ts";
import { at, FLOAT32, floats, i, ints, matrix, p, ROUNDED, read } from "./matrix.ts";

inEveryOrder("cross entropy", (device) => {
  test("of logits in place, with the head's gradient", () => {
    const emulator = device();
    const [N, D, V] = [5, 16, 301];
    const [h, head] = [matrix(emulator, N, D), matrix(emulator, V, D)];
    const product = new Float64Array(N * V);
    addProductT(product, h.values.data, head.values.data, N, V, D);
    const logits = matrix(emulator, N, V, (n) => product[n]!);
    const targets = [0, 300, 17, 5, 5];
    const weights = [1, 1, 0.5, 0, 1];
    const [loss, correct, total] = [emulator.alloc(4 * N), emulator.alloc(4 * N), emulator.alloc(4)];
    emulator.run("cross_entropy_rows", [N], 256, [
      ...[at(logits), p(ints(emulator, targets)), p(floats(emulator, weights)), p(loss), p(correct)],
      ...[i(V), i(logits.ld)],
    ]);
    emulator.run("sum_vector", [1], 256, [p(total), p(loss), i(N)]);
    const identity = tensor([V, V]);
    for (let v = 0; v < V; v++) identity.data[v * V + v] = 1;
    const {
      lossSum,
      correct: right,
      dh: gradient,
    } = linearCrossEntropy(
      {
        h: logits.values,
        weight: identity,
        targets: tensor([N], Float64Array.from(targets)),
        lossWeights: tensor([N], Float64Array.from(weights)),
      },
      { chunkRows: N },
    );
    expectClose(emulator.read(total, 1), lossSum.data, FLOAT32, "loss");
    expectClose([emulator.read(correct, N).reduce((a, b) => a + b)], right.data, 0, "correct");
    expectClose(read(emulator, logits), gradient.data, ROUNDED, "gradient");
  });
});

test.each([
  // Qwen2.5-0.5B, 8 x 512 with half the positions labelled, 256 MiB of bf16 logits.
  [2048, 883, 768],
  // SmolLM2-135M, 8 x 512 with every position labelled.
  [4096, 2730, 2048],
  [2048, 2730, 2048],
  // The aligned size would exceed the limit.
  [990, 500, 384],
  [300, 70, 70],
])("%i rows with at most %i logits rows: chunks of %i", (rows, limit, expected) => {
  expect(chunkRows(rows, limit)).toBe(expected);
});
