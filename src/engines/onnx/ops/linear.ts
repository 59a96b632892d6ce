import type { Lowering } from "./lowering.ts";

export const linear: Lowering<"linear"> = ({ g, node, rows, grid, into }) => {
  const bias = node.inputs.bias === undefined ? undefined : grid("bias");
  return [g.gemm(rows("x"), grid("weight"), { transB: true, c: bias ?? into })];
};

/** The same matrix serves both directions: no transposed copy. */
export const linearGrad: Lowering<"linearGrad"> = ({ g, rows, grid, into }) => [
  into === undefined ? g.matmul(rows("dy"), grid("weight")) : g.gemm(rows("dy"), grid("weight"), { c: into }),
];
