import type { Dim } from "../../../program/program.ts";
import type { Lowering } from "../lowering.ts";

/** The row whose index is the largest of all tokens', as a product with a one-hot row: also where both sizes are symbols. */
export const lastToken: Lowering<"lastToken"> = ({ b, grid, shape }) => {
  const [B, S, D] = shape("x") as [Dim, Dim, number];
  const index = b.reshape(b.indices(S), [1, S]);
  const last = b.max(b.mul(grid("mask"), index), 1, true);
  const chosen = b.cast(b.equal(index, last), "f32");
  return { y: b.reshape(b.matmul(b.reshape(chosen, [B, 1, S]), grid("x")), [B, D]) };
};

export const trainedLinear: Lowering<"trainedLinear"> = ({ b, rows, grid }) => ({
  y: b.matmul(rows("x"), grid("weight"), { transB: true }),
});

export const trainedLinearGrad: Lowering<"trainedLinearGrad"> = ({ b, rows, grid }) => ({
  dx: b.matmul(rows("dy"), grid("weight")),
  dWeight: b.matmul(rows("dy"), rows("x"), { transA: true }),
});

export const crossEntropy: Lowering<"crossEntropy"> = ({ b, rows, grid, shape }) => {
  const [N, K] = shape("logits") as [number, number];
  const logits = rows("logits");
  const targets = grid("targets");
  const weights = b.reshape(grid("lossWeights"), [N, 1]);
  const softmax = b.softmax(logits);
  const max = b.max(logits, 1, true);
  // log Σ exp(logits) from what exists already: the largest probability is exp(max) / Σ exp(logits).
  const lse = b.sub(max, b.log(b.max(softmax, 1, true)));
  const hit = b.pick(logits, targets);
  const correct = b.cast(b.greaterEqual(hit, max), "f32");
  const sums = b.weightedSums([b.sub(lse, hit), correct], weights);
  const hot = b.cast(b.equal(b.reshape(b.indices(K), [1, K]), b.reshape(targets, [N, 1])), "f32");
  return {
    lossSum: b.slice(sums, 0, 1),
    correct: b.slice(sums, 1, 2),
    dLogits: b.mul(b.sub(softmax, hot), weights),
  };
};
