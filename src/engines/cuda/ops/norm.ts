import { f32, i32, ptr } from "../lowering/commands.ts";
import type { Lowering } from "./lowering.ts";

const THREADS = 128;

export const rmsNorm: Lowering<"rmsNorm"> = (c) => {
  const [y, rstd, x] = [c.out("y"), c.outVector("rstd"), c.matrix("x")];
  const args = [
    ptr(y),
    ptr(rstd),
    ptr(x),
    ptr(c.weightVector("weight")),
    i32(x.width),
    i32(y.ld),
    i32(x.ld),
    f32(c.attrs.eps),
  ];
  c.list.launch("rms_norm", [x.rows], THREADS, args);
};

export const rmsNormGrad: Lowering<"rmsNormGrad"> = (c) => {
  const [dx, dy, x, add] = [c.out("dx"), c.matrix("dy"), c.matrix("x"), c.addend()];
  const pointers = [ptr(dx), ptr(dy), ptr(x), ptr(c.weightVector("weight")), ptr(c.vector("rstd")), ptr(add)];
  const sizes = [i32(x.width), i32(dx.ld), i32(dy.ld), i32(x.ld), i32(add?.ld ?? 0)];
  c.list.launch("rms_norm_grad", [x.rows], THREADS, [...pointers, ...sizes]);
};

export const layerNorm: Lowering<"layerNorm"> = (c) => {
  const [y, x, mean, rstd] = [c.out("y"), c.matrix("x"), c.outVector("mean"), c.outVector("rstd")];
  const bias = c.node.inputs.bias === undefined ? undefined : c.weightVector("bias");
  const pointers = [ptr(y), ptr(mean), ptr(rstd), ptr(x), ptr(c.weightVector("weight")), ptr(bias)];
  const sizes = [i32(x.width), i32(y.ld), i32(x.ld), f32(c.attrs.eps)];
  c.list.launch("layer_norm", [x.rows], THREADS, [...pointers, ...sizes]);
};

export const layerNormGrad: Lowering<"layerNormGrad"> = (c) => {
  const [dx, dy, x, add] = [c.out("dx"), c.matrix("dy"), c.matrix("x"), c.addend()];
  const statistics = [ptr(c.weightVector("weight")), ptr(c.vector("mean")), ptr(c.vector("rstd"))];
  const sizes = [i32(x.width), i32(dx.ld), i32(dy.ld), i32(x.ld), i32(add?.ld ?? 0)];
  c.list.launch("layer_norm_grad", [x.rows], THREADS, [
    ...[ptr(dx), ptr(dy), ptr(x)],
    ...statistics,
    ptr(add),
    ...sizes,
  ]);
};
