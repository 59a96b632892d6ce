import { i32, type Matrix, ptr } from "../lowering/commands.ts";
import { type Lowering, type NodeContext, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

/** Pointers and sizes that both kernels take, in order. */
function operands(c: NodeContext<"gatedConv" | "gatedConvGrad">, x: Matrix) {
  const [d, , length] = c.shape("filter") as [number, number, number];
  const bias = c.node.inputs.bias === undefined ? undefined : c.weightVector("bias");
  const pointers = [ptr(x), ptr(c.weightVector("filter")), ptr(bias), ptr(c.vector("segments"))];
  return { pointers, sizes: [x.rows, c.shape("segments")[1]!, d, length].map(i32) };
}

export const gatedConv: Lowering<"gatedConv"> = (c) => {
  const [y, x] = [c.out("y"), c.matrix("x")];
  const { pointers, sizes } = operands(c, x);
  const args = [ptr(y), ...pointers, ...sizes, i32(y.ld), i32(x.ld)];
  c.list.launch("gated_conv", vector8Grid(y), VECTOR8_THREADS, args);
};

export const gatedConvGrad: Lowering<"gatedConvGrad"> = (c) => {
  const [dx, dy, x] = [c.out("dx"), c.matrix("dy"), c.matrix("x")];
  const { pointers, sizes } = operands(c, x);
  const args = [ptr(dx), ptr(dy), ...pointers, ...sizes, ...[dx.ld, dy.ld, x.ld].map(i32)];
  c.list.launch("gated_conv_grad", vector8Grid(dy), VECTOR8_THREADS, args);
};
