import type { Lowering } from "../lowering.ts";

export const linear: Lowering<"linear"> = ({ b, node, rows, grid, into }) => {
  const bias = node.inputs.bias === undefined ? undefined : grid("bias");
  return { y: b.accumulate(into, rows("x"), grid("weight"), { transB: true, bias }) };
};

/** The same matrix serves both directions: no transposed copy. */
export const linearGrad: Lowering<"linearGrad"> = ({ b, rows, grid, into }) => ({
  dx: b.accumulate(into, rows("dy"), grid("weight")),
});
