import { f32, i32, ptr } from "../lowering/commands.ts";
import { blocksFor, type Lowering } from "./lowering.ts";

const THREADS = 128;
/** One warp for each head of a row. */
const headBlocks = (rows: number, heads: number): [number] => [blocksFor(rows * heads * 32, THREADS)];

/** The kernels for whole rows load eight values at once, which a head need not be aligned for. */
export const rmsNorm: Lowering<"rmsNorm"> = (c) => {
  const [y, rstd, x, weight] = [c.out("y"), c.outVector("rstd"), c.matrix("x"), c.weightVector("weight")];
  const [d] = c.shape("weight") as [number];
  const heads = x.width / d;
  const pointers = [ptr(y), ptr(rstd), ptr(x), ptr(weight)];
  const sizes = [i32(d), i32(y.ld), i32(x.ld), f32(c.attrs.eps), f32(c.attrs.offset ?? 0)];
  if (heads === 1) return c.list.launch("rms_norm", [x.rows], THREADS, [...pointers, ...sizes]);
  const args = [...pointers, i32(x.rows), i32(heads), ...sizes];
  c.list.launch("head_norm", headBlocks(x.rows, heads), THREADS, args);
};

export const rmsNormGrad: Lowering<"rmsNormGrad"> = (c) => {
  const [dx, dy, x, add] = [c.out("dx"), c.matrix("dy"), c.matrix("x"), c.addend()];
  const [d] = c.shape("weight") as [number];
  const heads = x.width / d;
  const pointers = [ptr(dx), ptr(dy), ptr(x), ptr(c.weightVector("weight")), ptr(c.vector("rstd")), ptr(add)];
  const lds = [dx.ld, dy.ld, x.ld, add?.ld ?? 0];
  const sizes = [...[d, ...lds].map(i32), f32(c.attrs.offset ?? 0)];
  if (heads === 1) return c.list.launch("rms_norm_grad", [x.rows], THREADS, [...pointers, ...sizes]);
  const args = [...pointers, i32(x.rows), i32(heads), ...sizes];
  c.list.launch("head_norm_grad", headBlocks(x.rows, heads), THREADS, args);
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
