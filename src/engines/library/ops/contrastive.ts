import type { Lowering } from "../lowering.ts";

export const contrastive: Lowering<"contrastive"> = ({ b, grid, shape, attrs }) => {
  const [B, S, D] = shape("x") as [number, number, number];
  const N = B / 2;
  const scale = 1 / attrs.temperature;
  const real = b.cast(grid("segments"), "f32");
  const shares = b.div(real, b.sum(real, 1, true));
  const mean = b.reshape(b.matmul(b.reshape(shares, [B, 1, S]), grid("x")), [B, D]);
  const norm = b.sqrt(b.sum(b.square(mean), 1, true));
  const unit = b.div(mean, norm);
  const [queries, passages] = b.split(unit, [N, N], 0) as [typeof unit, typeof unit];

  const scores = b.times(b.matmul(queries, passages, { transB: true }), scale);
  const softmax = b.softmax(scores);
  const identity = b.constant(`identity ${N}`, [N, N], () =>
    Float32Array.from({ length: N * N }, (_, i) => (i % (N + 1) === 0 ? 1 : 0)),
  );
  // Taken from the product itself: another summation order would round a hit to just below the maximum.
  const own = b.sum(b.mul(scores, identity), 1, true);
  const losses = b.sub(b.logSumExp(scores, softmax), b.reshape(own, [N]));
  const hits = b.cast(b.greaterEqual(own, b.max(scores, 1, true)), "f32");

  const dScores = b.times(b.sub(softmax, identity), scale);
  const dUnit = b.concat([b.matmul(dScores, passages), b.matmul(dScores, queries, { transA: true })], 0);
  const along = b.mul(unit, b.sum(b.mul(unit, dUnit), 1, true));
  const dMean = b.div(b.sub(dUnit, along), norm);
  const dx = b.mul(b.reshape(shares, [B, S, 1]), b.reshape(dMean, [B, 1, D]));
  return { lossSum: b.sum(losses, 0, true), correct: b.sum(b.reshape(hits, [N]), 0, true), dx };
};
