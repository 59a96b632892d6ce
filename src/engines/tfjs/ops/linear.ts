import type { Lowering } from "./lowering.ts";

export const linear: Lowering<"linear"> = ({ k, node, rows, grid }) => {
  const y = k.product(rows(0), grid(1), { b: true });
  return [node.inputs.length > 2 ? k.each("Add", y, grid(2)) : y];
};

/** The same matrix serves both directions: no transposed copy. */
export const linearGrad: Lowering<"linearGrad"> = ({ k, rows, grid }) => [k.product(rows(0), grid(1))];
