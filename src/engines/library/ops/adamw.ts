import type { Lowering } from "../lowering.ts";
import type { Tensor, TensorBuilder } from "../tensor-builder.ts";

const COLUMNS = 1024;

/** Rows of 1,024 first, then their sums: one float32 sum over a million squares is off by 1e-4 (measured). */
export const sumSquares: Lowering<"sumSquares"> = ({ b, grid }) => {
  const x = b.flat(grid("x"));
  const size = Number(x.shape[0]);
  const rest = size % COLUMNS;
  const whole = size - rest;
  const parts = [
    ...(whole > 0 ? [b.reshape(b.slice(x, 0, whole), [whole / COLUMNS, COLUMNS])] : []),
    ...(rest > 0 ? [b.reshape(b.slice(x, whole, size), [1, rest])] : []),
  ];
  const sums = b.concat(
    parts.map((part) => b.sumSquares(part, 1)),
    0,
  );
  return { sum: b.sum(sums, 0, true) };
};

export const clipScale: Lowering<"clipScale"> = ({ b, grid, attrs }) => {
  const [g, squares, count] = [grid("g"), grid("sumSquares"), grid("count")];
  const norm = b.div(b.sqrt(squares), count);
  const limited = b.div(b.scalar(attrs.limit), b.add(norm, b.scalar(1e-6)));
  const factor = attrs.limit > 0 ? b.min(limited, b.scalar(1)) : b.scalar(1);
  return { clipped: b.mul(g, b.div(factor, count)), norm };
};

export const adamw: Lowering<"adamw"> = ({ b, grid, attrs }) => {
  const { beta1, beta2, eps, weightDecay, groups } = attrs;
  const [p, g, m, v] = [grid("p"), grid("g"), grid("m"), grid("v")];
  const mNext = b.add(b.times(m, beta1), b.times(g, 1 - beta1));
  const vNext = b.add(b.times(v, beta2), b.times(b.square(g), 1 - beta2));
  const root = b.sqrt(b.div(vNext, grid("correction2")));
  const direction = b.div(b.div(mNext, grid("correction1")), b.add(root, b.scalar(eps)));
  const rates = groupRates(b, grid("learningRate"), groups);
  const decayed = weightDecay === 0 ? p : b.mul(p, b.sub(b.scalar(1), b.times(rates, weightDecay)));
  return { pNext: b.sub(decayed, b.mul(direction, rates)), mNext, vNext };
};

/** The learning rate [1], or, with several groups, that of each parameter [P]. */
function groupRates(
  b: TensorBuilder,
  rate: Tensor,
  groups: readonly { readonly size: number; readonly ratio: number }[],
): Tensor {
  const rates = groups.map(({ size, ratio }) => {
    const own = b.times(rate, ratio);
    return groups.length === 1 ? own : b.repeat(own, size);
  });
  return b.concat(rates, 0);
}
