import type { Ref } from "../kernels.ts";
import type { KernelRecorder } from "../recorder.ts";
import type { Lowering } from "./lowering.ts";

/** Chunk by chunk, forward and gradient together, without keeping logits: ∂sum/∂h = weights (softmax(h Wᵀ) - one-hot) W. */
export const linearCrossEntropy: Lowering<"linearCrossEntropy"> = ({ k, rows, grid, attrs }) => {
  const [h, matrix, targets, lossWeights] = [rows("h"), grid("weight"), grid("targets"), grid("lossWeights")];
  const N = h.shape[0]!;
  const chunks = Array.from({ length: Math.ceil(N / attrs.chunkRows) }, (_, i) => {
    const part = (x: Ref): Ref => k.slice(x, i * attrs.chunkRows, Math.min(N, (i + 1) * attrs.chunkRows));
    return chunk(k, matrix, part(h), part(targets), part(lossWeights));
  });
  return [
    k.reshape(k.sum(chunks.map(({ loss }) => loss)), [1]),
    k.reshape(k.sum(chunks.map(({ correct }) => correct)), [1]),
    k.concat(
      chunks.map(({ dh }) => dh),
      0,
    ),
  ];
};

/** h [C,D], target [C], weight [C] -> sums [] of loss and of correct answers, dh [C,D] */
function chunk(
  k: KernelRecorder,
  matrix: Ref,
  h: Ref,
  target: Ref,
  weight: Ref,
): { loss: Ref; correct: Ref; dh: Ref } {
  const logits = k.product(h, matrix, { b: true });
  const softmax = k.map("Softmax", logits);
  const max = k.reduce("Max", logits, 1, false);
  const hit = k.pick(logits, target);
  // log Σ exp(logits) from what is there: the largest probability is exp(max) / Σ exp(logits).
  const lse = k.each("Sub", max, k.map("Log", k.reduce("Max", softmax, 1, false)));
  const weighted = (x: Ref): Ref => k.reduce("Sum", k.each("Multiply", x, weight), 0, false);
  const correct = k.cast(k.compare("GreaterEqual", hit, max), "float32");
  return {
    loss: weighted(k.each("Sub", lse, hit)),
    correct: weighted(correct),
    dh: k.each("Multiply", gradient(k, matrix, softmax, target), k.reshape(weight, [h.shape[0]!, 1])),
  };
}

/** (softmax - one-hot) W. In float32 that is softmax W - W[target], without one-hot rows; in bf16 this would cancel digits. */
function gradient(k: KernelRecorder, matrix: Ref, softmax: Ref, target: Ref): Ref {
  if (matrix.dtype === "float32") {
    return k.each("Sub", k.matmul(softmax, matrix), k.gather(matrix, target));
  }
  const [C, V] = softmax.shape as [number, number];
  const tokens = k.constant(`tokens ${V}`, [1, V], () => Int32Array.from({ length: V }, (_, i) => i));
  const hot = k.cast(k.compare("Equal", tokens, k.reshape(target, [C, 1])), "float32");
  return k.product(k.cast(k.each("Sub", softmax, hot), matrix.dtype), matrix);
}
