import { GATES } from "../../../ops/gated-mlp.ts";
import { f32, i32, ptr } from "../lowering/commands.ts";
import { type Lowering, type NodeContext, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

/** Arguments `linear` and `cubic` of the kernels. */
const activation = ({ attrs }: Pick<NodeContext<"gatedMlp">, "attrs">) => {
  const { linear, cubic } = GATES[attrs.activation];
  return [f32(linear), f32(cubic)];
};

export const gatedMlp: Lowering<"gatedMlp"> = (c) => {
  const [h, gate, up] = [c.out("y"), c.matrix("gate"), c.matrix("up")];
  const sizes = [h.rows, h.width, h.ld, gate.ld, up.ld].map(i32);
  const args = [ptr(h), ptr(gate), ptr(up), ...sizes, ...activation(c)];
  c.list.launch("gated_mlp", vector8Grid(h), VECTOR8_THREADS, args);
};

export const gatedMlpGrad: Lowering<"gatedMlpGrad"> = (c) => {
  const [dGate, dUp, dh, gate, up] = [
    c.out("dGate"),
    c.out("dUp"),
    c.matrix("dy"),
    c.matrix("gate"),
    c.matrix("up"),
  ];
  const sizes = [dh.rows, dh.width, dGate.ld, dUp.ld, dh.ld, gate.ld, up.ld].map(i32);
  const pointers = [ptr(dGate), ptr(dUp), ptr(dh), ptr(gate), ptr(up)];
  const args = [...pointers, ...sizes, ...activation(c)];
  c.list.launch("gated_mlp_grad", vector8Grid(dh), VECTOR8_THREADS, args);
};
