import { i32, ptr } from "../lowering/commands.ts";
import { type Lowering, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

export const gelu: Lowering<"gelu"> = (c) => {
  const [y, x] = [c.out("y"), c.matrix("x")];
  const sizes = [y.rows, y.width, y.ld, x.ld, Number(c.attrs.form === "tanh")].map(i32);
  c.list.launch("gelu", vector8Grid(y), VECTOR8_THREADS, [ptr(y), ptr(x), ...sizes]);
};

export const geluGrad: Lowering<"geluGrad"> = (c) => {
  const [dx, dy, x] = [c.out("dx"), c.matrix("dy"), c.matrix("x")];
  const sizes = [x.rows, x.width, dx.ld, dy.ld, x.ld, Number(c.attrs.form === "tanh")].map(i32);
  c.list.launch("gelu_grad", vector8Grid(x), VECTOR8_THREADS, [ptr(dx), ptr(dy), ptr(x), ...sizes]);
};
