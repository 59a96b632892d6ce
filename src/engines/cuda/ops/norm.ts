import { at, f32, i32 } from "../commands.ts";
import type { Lowering } from "./lowering.ts";

const THREADS = 128;

export const rmsNorm: Lowering<"rmsNorm"> = (c) => {
  const [y, rstd, x] = [c.out(0), c.outVector(1), c.matrix(0)];
  const args = [
    at(y),
    at(rstd),
    at(x),
    at(c.weightVector(1)),
    i32(x.width),
    i32(y.ld),
    i32(x.ld),
    f32(c.attrs.eps),
  ];
  c.list.launch("rms_norm", [x.rows], THREADS, args);
};

export const rmsNormGrad: Lowering<"rmsNormGrad"> = (c) => {
  const [dx, dy, x, add] = [c.out(0), c.matrix(0), c.matrix(1), c.addend()];
  const places = [at(dx), at(dy), at(x), at(c.weightVector(2)), at(c.vector(3)), at(add)];
  const sizes = [i32(x.width), i32(dx.ld), i32(dy.ld), i32(x.ld), i32(add?.ld ?? 0)];
  c.list.launch("rms_norm_grad", [x.rows], THREADS, [...places, ...sizes]);
};
