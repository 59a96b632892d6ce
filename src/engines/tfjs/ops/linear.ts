import type { Lowering } from "./lowering.ts";

export const linear: Lowering<"linear"> = ({ k, node, rows, grid }) => {
  const y = k.product(rows("x"), grid("weight"), { b: true });
  return [node.inputs.bias !== undefined ? k.each("Add", y, grid("bias")) : y];
};

/** The same matrix serves both directions: no transposed copy. */
export const linearGrad: Lowering<"linearGrad"> = ({ k, rows, grid }) => [
  k.product(rows("dy"), grid("weight")),
];
