import type { GraphEmitter, Ref } from "../graph.ts";
import type { Lowering } from "./lowering.ts";

const COLUMNS = 1024;

/** Rows of 1,024 first, then their sums: one float32 sum over a million squares is off by 1e-4 (measured). */
export const sumSquares: Lowering<"sumSquares"> = ({ g, grid }) => {
  const x = g.flat(grid("x"));
  const size = Number(x.shape[0]);
  const rows = Math.floor(size / COLUMNS);
  const tail = size % COLUMNS;
  const parts = [
    ...(rows > 0 ? [g.reshape(g.slice(x, 0, rows * COLUMNS), [rows, COLUMNS])] : []),
    ...(tail > 0 ? [g.reshape(g.slice(x, rows * COLUMNS, size), [1, tail])] : []),
  ];
  const sums = g.concat(
    parts.map((part) => g.reduce("ReduceSumSquare", part, 1, false)),
    0,
  );
  return [g.reduce("ReduceSum", sums, 0, true)];
};

export const clipScale: Lowering<"clipScale"> = ({ g, grid, attrs }) => {
  const [gradient, squares, count] = [grid("g"), grid("sumSquares"), grid("count")];
  const norm = g.each("Div", g.node("Sqrt", [squares], {}, [1]), count);
  const limited = g.each("Div", g.scalar(attrs.limit), g.each("Add", norm, g.scalar(1e-6)));
  const factor = attrs.limit > 0 ? g.each("Min", limited, g.scalar(1)) : g.scalar(1);
  return [g.each("Mul", gradient, g.each("Div", factor, count)), norm];
};

/** Inputs: p, g, m, v, learningRate, correction1, correction2. */
export const adamw: Lowering<"adamw"> = ({ g, grid, attrs }) => {
  const { beta1, beta2, eps, weightDecay, groups } = attrs;
  const [p, gradient, m, v] = [grid("p"), grid("g"), grid("m"), grid("v")];
  const [rate, correction1, correction2] = [grid("learningRate"), grid("correction1"), grid("correction2")];
  const times = (x: Ref, factor: number): Ref => g.each("Mul", x, g.scalar(factor));
  const m2 = g.each("Add", times(m, beta1), times(gradient, 1 - beta1));
  const v2 = g.each("Add", times(v, beta2), times(g.each("Mul", gradient, gradient), 1 - beta2));
  const root = g.each("Sqrt", g.each("Div", v2, correction2));
  const direction = g.each("Div", g.each("Div", m2, correction1), g.each("Add", root, g.scalar(eps)));
  const rates = groupRates(g, rate, groups);
  const kept =
    weightDecay === 0 ? p : g.each("Mul", p, g.each("Sub", g.scalar(1), times(rates, weightDecay)));
  return [g.each("Sub", kept, g.each("Mul", direction, rates)), m2, v2];
};

function groupRates(g: GraphEmitter, rate: Ref, groups: readonly { size: number; ratio: number }[]): Ref {
  const parts = groups.map(({ size, ratio }) => {
    const own = ratio === 1 ? rate : g.each("Mul", rate, g.scalar(ratio));
    return groups.length === 1 ? own : g.node("Expand", [own, g.ints(size)], {}, [size]);
  });
  return g.concat(parts, 0);
}
