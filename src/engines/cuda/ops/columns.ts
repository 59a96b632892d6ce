import { i32, type Matrix, ptr } from "../lowering/commands.ts";
import { type Lowering, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

/** Parts of the kernels in kernels/columns.cu; absent ones are null. */
const MOST = 3;

function three(parts: readonly Matrix[]): (Matrix | undefined)[] {
  if (parts.length > MOST) throw new Error(`cuda engine: ${parts.length} parts of a projection`);
  return Array.from({ length: MOST }, (_, i) => parts[i]);
}

const strides = (parts: readonly (Matrix | undefined)[]) => parts.map((part) => i32(part?.ld ?? 0));

export const splitColumns: Lowering<"splitColumns"> = (c) => {
  const x = c.matrix("x");
  const parts = c.node.outputs.parts.map(c.matrixOf);
  const [{ rows, width }] = parts as [Matrix];
  const outs = three(parts);
  const grid = [...vector8Grid(parts[0]!), parts.length] as const;
  const sizes = [i32(rows), i32(width), ...strides(outs), i32(x.ld)];
  c.list.launch("split_columns", grid, VECTOR8_THREADS, [...outs.map(ptr), ptr(x), ...sizes]);
};

export const concatColumns: Lowering<"concatColumns"> = (c) => {
  const y = c.out("y");
  const parts = c.node.inputs.parts.map(c.matrixOf);
  const [{ rows, width }] = parts as [Matrix];
  const from = three(parts);
  const sizes = [i32(rows), i32(width), i32(parts.length), i32(y.ld), ...strides(from)];
  c.list.launch("concat_columns", vector8Grid(y), VECTOR8_THREADS, [ptr(y), ...from.map(ptr), ...sizes]);
};
