import type { Lowering } from "../lowering.ts";
import type { Tensor, TensorBuilder } from "../tensor-builder.ts";

/**
 * Chunk by chunk, forward and gradient together, without keeping logits: ∂sum/∂h = lossWeights (softmax(h Wᵀ) - one-hot) W.
 * The gradient of a chunk waits for its loss, so that a library that chooses the order finishes one chunk at a time.
 */
export const linearCrossEntropy: Lowering<"linearCrossEntropy"> = (c) => {
  const { b, rows, grid, shape, attrs } = c;
  const N = Number(shape("h")[0]);
  const sizes = Array.from({ length: Math.ceil(N / attrs.chunkRows) }, (_, i) =>
    Math.min(attrs.chunkRows, N - i * attrs.chunkRows),
  );
  const [h, targets, weights] = [rows("h"), grid("targets"), grid("lossWeights")].map((x) =>
    b.split(x, sizes, 0),
  ) as [Tensor[], Tensor[], Tensor[]];
  const rounds = c.dtypeOf(c.node.inputs.weight) === "bf16";
  const chunks = sizes.map((size, i) =>
    chunk(b, grid("weight"), h[i]!, targets[i]!, b.reshape(weights[i]!, [size, 1]), rounds),
  );
  const sums = b.addAll(chunks.map(({ sums }) => sums));
  const dh = b.concat(
    chunks.map(({ dh }) => dh),
    0,
  );
  return { lossSum: b.slice(sums, 0, 1), correct: b.slice(sums, 1, 2), dh };
};

/** h [C,D], target [C], weight [C,1] -> sums [2] of loss and of correct answers, dh [C,D] */
function chunk(
  b: TensorBuilder,
  matrix: Tensor,
  h: Tensor,
  target: Tensor,
  weight: Tensor,
  rounds: boolean,
): { sums: Tensor; dh: Tensor } {
  const [logits] = b.accumulate({ terms: [] }, h, matrix, { transB: true }).terms as [Tensor];
  const softmax = b.softmax(logits);
  const max = b.max(logits, 1, true);
  // log Σ exp(logits) from what exists already: the largest probability is exp(max) / Σ exp(logits).
  const lse = b.sub(max, b.log(b.max(softmax, 1, true)));
  const hit = b.pick(logits, target);
  const correct = b.cast(b.greaterEqual(hit, max), "f32");
  const loss = b.sub(lse, hit);
  const sums = b.weightedSums([loss, correct], weight);
  const gradient = rounds
    ? roundedGradient(b, matrix, softmax, target)
    : exactGradient(b, matrix, softmax, target);
  return { sums, dh: b.mul(gradient, b.after(weight, [sums])) };
}

/** softmax W - W[target], without one-hot rows. */
function exactGradient(b: TensorBuilder, matrix: Tensor, softmax: Tensor, target: Tensor): Tensor {
  const pulled = b.gather(matrix, target);
  return b.sub(b.matmul(softmax, matrix), pulled);
}

/** (softmax - one-hot) W, rounded to bf16 before the product: a difference of two bf16 products would cancel digits. */
function roundedGradient(b: TensorBuilder, matrix: Tensor, softmax: Tensor, target: Tensor): Tensor {
  const [C, V] = softmax.shape as [number, number];
  const tokens = b.reshape(b.indices(V), [1, V]);
  const hot = b.cast(b.equal(tokens, b.reshape(target, [C, 1])), "f32");
  const difference = b.cast(b.sub(softmax, hot), "bf16");
  return b.accumulate({ terms: [] }, difference, matrix).terms[0]!;
}
