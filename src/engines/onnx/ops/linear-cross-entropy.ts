import type { GraphEmitter, Ref } from "../graph.ts";
import type { Lowering } from "./lowering.ts";

/**
 * Chunk by chunk, forward and gradient together: ∂sum/∂h = weights (softmax(h Wᵀ) W - W[target]), without one-hot rows and
 * without keeping logits. A chunk's gradient waits for its loss and its loss for its gradient, so that whichever
 * onnxruntime comes upon first finishes the chunk.
 */
export const linearCrossEntropy: Lowering<"linearCrossEntropy"> = ({ g, rows, grid, shape, attrs }) => {
  const N = Number(shape("h")[0]);
  const sizes = Array.from({ length: Math.ceil(N / attrs.chunkRows) }, (_, i) =>
    Math.min(attrs.chunkRows, N - i * attrs.chunkRows),
  );
  const [h, targets, lossWeights] = [rows("h"), grid("targets"), grid("lossWeights")].map((x) =>
    g.split(x, sizes, 0),
  ) as [Ref[], Ref[], Ref[]];
  const chunks = sizes.map((_, i) =>
    chunk(g, grid("weight"), h[i]!, targets[i]!, g.reshape(lossWeights[i]!, [sizes[i]!, 1])),
  );
  const sums =
    chunks.length === 1
      ? chunks[0]!.sums
      : g.node(
          "Sum",
          chunks.map(({ sums }) => sums),
          {},
          [2],
        );
  return [
    g.slice(sums, 0, 1),
    g.slice(sums, 1, 2),
    g.concat(
      chunks.map(({ dh }) => dh),
      0,
    ),
  ];
};

/** h [C,D], target [C], weight [C,1] -> sums [2] of loss and of correct answers, dh [C,D] */
function chunk(g: GraphEmitter, matrix: Ref, h: Ref, target: Ref, weight: Ref): { sums: Ref; dh: Ref } {
  const C = h.shape[0]!;
  const logits = g.gemm(h, matrix, { transB: true });
  const softmax = g.node("Softmax", [logits], { axis: -1 }, logits.shape);
  const max = g.reduce("ReduceMax", logits, 1, true);
  // log Σ exp(logits) from what is there: the largest probability is exp(max) / Σ exp(logits).
  const best = g.reduce("ReduceMax", softmax, 1, true);
  const lse = g.each("Sub", max, g.node("Log", [best], {}, best.shape));
  const hit = g.node("GatherElements", [logits, g.reshape(target, [C, 1])], { axis: 1 }, [C, 1]);
  const correct = g.node("Cast", [g.each("GreaterOrEqual", hit, max)], { to: 1 }, [C, 1]);
  const loss = g.each("Sub", lse, hit);
  const both = g.each("Mul", g.concat([loss, correct], 1), weight);
  const sums = g.reduce("ReduceSum", both, 0, false);
  const pulled = g.node("Gather", [matrix, target], { axis: 0 }, h.shape);
  const dh = g.each("Mul", g.each("Sub", g.matmul(softmax, matrix), pulled), g.after(weight, [sums]));
  return { sums, dh };
}
