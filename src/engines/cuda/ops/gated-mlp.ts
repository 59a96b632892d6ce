import { at, i32, padded } from "../commands.ts";
import { blocksFor, type Lowering } from "./lowering.ts";

const THREADS = 256;
/** Values that a thread makes. */
const EACH = 2;

export const gatedMlp: Lowering<"gatedMlp"> = (c) => {
  const [h, gate, up] = [c.out(0), c.matrix(0), c.matrix(1)];
  const sizes = [h.rows, h.width, h.ld, gate.ld, up.ld].map(i32);
  const blocks = blocksFor((h.rows * padded(h.width)) / EACH, THREADS);
  c.list.launch("gated_mlp", [blocks], THREADS, [at(h), at(gate), at(up), ...sizes]);
};

export const gatedMlpGrad: Lowering<"gatedMlpGrad"> = (c) => {
  const [dGate, dUp, dh, gate, up] = [c.out(0), c.out(1), c.matrix(0), c.matrix(1), c.matrix(2)];
  const sizes = [dh.rows, dh.width, dGate.ld, dUp.ld, dh.ld, gate.ld, up.ld].map(i32);
  const blocks = blocksFor((dh.rows * padded(dh.width)) / EACH, THREADS);
  const places = [at(dGate), at(dUp), at(dh), at(gate), at(up)];
  c.list.launch("gated_mlp_grad", [blocks], THREADS, [...places, ...sizes]);
};
