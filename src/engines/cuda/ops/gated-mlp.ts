import { i32, ptr } from "../lowering/commands.ts";
import { type Lowering, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

export const gatedMlp: Lowering<"gatedMlp"> = (c) => {
  const [h, gate, up] = [c.out("y"), c.matrix("gate"), c.matrix("up")];
  const sizes = [h.rows, h.width, h.ld, gate.ld, up.ld].map(i32);
  c.list.launch("gated_mlp", vector8Grid(h), VECTOR8_THREADS, [ptr(h), ptr(gate), ptr(up), ...sizes]);
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
  c.list.launch("gated_mlp_grad", vector8Grid(dh), VECTOR8_THREADS, [...pointers, ...sizes]);
};
