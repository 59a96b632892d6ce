import type { Lowering } from "./lowering.ts";

export const linear: Lowering<"linear"> = ({ g, node, rows, grid, into }) => {
  const bias = node.inputs.length > 2 ? grid(2) : undefined;
  return [g.gemm(rows(0), grid(1), { transB: true, c: bias ?? into })];
};

/** The same matrix serves both directions: no transposed copy. */
export const linearGrad: Lowering<"linearGrad"> = ({ g, rows, grid, into }) => [
  into === undefined ? g.matmul(rows(0), grid(1)) : g.gemm(rows(0), grid(1), { c: into }),
];
