import type { Ref } from "../kernels.ts";
import type { KernelRecorder } from "../recorder.ts";
import type { Lowering } from "./lowering.ts";

const COLUMNS = 1024;

/** Rows of 1,024 first, then their sums: one float32 sum over a million squares is off by 1e-4 (measured). */
export const sumSquares: Lowering<"sumSquares"> = ({ k, grid }) => {
  const x = k.map("Square", k.flat(grid("x")));
  const size = x.shape[0]!;
  const whole = size - (size % COLUMNS);
  const sums = [
    ...(whole > 0 ? [k.reshape(k.slice(x, 0, whole), [whole / COLUMNS, COLUMNS])] : []),
    ...(whole < size ? [k.reshape(k.slice(x, whole, size), [1, size - whole])] : []),
  ].map((part) => k.reduce("Sum", part, 1, false));
  return [k.reduce("Sum", k.concat(sums, 0), 0, true)];
};

export const clipScale: Lowering<"clipScale"> = ({ k, grid, attrs }) => {
  const [gradient, squares, count] = [grid("g"), grid("sumSquares"), grid("count")];
  const norm = k.each("RealDiv", k.map("Sqrt", squares), count);
  const limited = k.each("RealDiv", k.scalar(attrs.limit), k.each("Add", norm, k.scalar(1e-6)));
  const factor = attrs.limit > 0 ? k.each("Minimum", limited, k.scalar(1)) : k.scalar(1);
  return [k.each("Multiply", gradient, k.each("RealDiv", factor, count)), norm];
};

/** Inputs: p, g, m, v, learningRate, correction1, correction2. */
export const adamw: Lowering<"adamw"> = ({ k, grid, attrs }) => {
  const { beta1, beta2, eps, weightDecay, groups } = attrs;
  const [p, g, m, v] = [grid("p"), grid("g"), grid("m"), grid("v")];
  const m2 = k.each("Add", k.times(m, beta1), k.times(g, 1 - beta1));
  const v2 = k.each("Add", k.times(v, beta2), k.times(k.map("Square", g), 1 - beta2));
  const root = k.map("Sqrt", k.each("RealDiv", v2, grid("correction2")));
  const direction = k.each(
    "RealDiv",
    k.each("RealDiv", m2, grid("correction1")),
    k.each("Add", root, k.scalar(eps)),
  );
  const rates = groupRates(k, grid("learningRate"), groups);
  const kept =
    weightDecay === 0 ? p : k.each("Multiply", p, k.each("Sub", k.scalar(1), k.times(rates, weightDecay)));
  return [k.each("Sub", kept, k.each("Multiply", direction, rates)), m2, v2];
};

/** The learning rate [1], or, with several groups, that of each parameter [P]. */
function groupRates(
  k: KernelRecorder,
  rate: Ref,
  groups: readonly { readonly size: number; readonly ratio: number }[],
): Ref {
  const [first] = groups;
  if (groups.length === 1) return k.times(rate, first!.ratio);
  const size = groups.reduce((sum, group) => sum + group.size, 0);
  const key = `ratios ${groups.map((group) => `${group.size}x${group.ratio}`).join()}`;
  const ratios = k.constant(key, [size], () =>
    Float32Array.from(groups.flatMap((group) => Array<number>(group.size).fill(group.ratio))),
  );
  return k.each("Multiply", ratios, rate);
}
