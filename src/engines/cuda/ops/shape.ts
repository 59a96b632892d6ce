import {
  type CommandList,
  f32,
  i32,
  i64,
  type Matrix,
  ptr,
  type Vector,
  vectorSlice,
} from "../lowering/commands.ts";
import { blocksFor, type Lowering, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

const THREADS = 256;
const ROW_THREADS = 128;

/** out = factor a (+ b). */
export function combineRows(list: CommandList, out: Matrix, a: Matrix, b?: Matrix, factor = 1): void {
  const sizes = [out.rows, out.width, out.ld, a.ld, b?.ld ?? 0].map(i32);
  const args = [ptr(out), ptr(a), ptr(b), f32(factor), ...sizes];
  list.launch("combine_rows", vector8Grid(out), VECTOR8_THREADS, args);
}

/** Operands of scale_add in kernels/reduce.cu. */
export interface ScaleAdd {
  readonly a?: Vector | undefined;
  readonly b?: Vector | undefined;
  readonly factor?: Vector | undefined;
  /** Flag that suppresses the write when it is 0. */
  readonly finite?: Vector | undefined;
}

/** to = factor a + b; a missing factor is 1, a missing a or b is 0. */
export function scaleAdd(list: CommandList, to: Vector, { a, b, factor, finite }: ScaleAdd): void {
  const args = [ptr(to), ptr(a), ptr(b), ptr(factor), ptr(finite), i64(to.length)];
  list.launch("scale_add", [blocksFor(to.length, THREADS)], THREADS, args);
}

export const embed: Lowering<"embed"> = (c) => {
  const [out, table] = [c.out("y"), c.weight("table")];
  const args = [ptr(out), ptr(table), ptr(c.vector("ids")), i32(out.width), i32(out.ld), i32(table.ld)];
  c.list.launch("gather_rows", [out.rows], ROW_THREADS, args);
};

export const gatherRows: Lowering<"gatherRows"> = (c) => {
  const [out, x] = [c.out("y"), c.matrix("x")];
  const args = [ptr(out), ptr(x), ptr(c.vector("rows")), i32(out.width), i32(out.ld), i32(x.ld)];
  c.list.launch("gather_rows", [out.rows], ROW_THREADS, args);
};

export const scatterRows: Lowering<"scatterRows"> = (c) => {
  const [out, dy] = [c.out("dx"), c.matrix("dy")];
  const sizes = [dy.rows, out.width, out.ld, dy.ld].map(i32);
  c.list.launch("scatter_rows", [out.rows], ROW_THREADS, [
    ptr(out),
    ptr(dy),
    ptr(c.vector("rows")),
    ...sizes,
  ]);
};

export const add: Lowering<"add"> = (c) => {
  if (c.shape("a").length > 1) combineRows(c.list, c.out("y"), c.matrix("a"), c.matrix("b"));
  else scaleAdd(c.list, c.outVector("y"), { a: c.vector("a"), b: c.vector("b") });
};

export const multiply: Lowering<"multiply"> = (c) => {
  const [y, a, b] = [c.out("y"), c.matrix("a"), c.matrix("b")];
  const sizes = [y.rows, y.width, y.ld, a.ld, b.ld].map(i32);
  c.list.launch("multiply_rows", vector8Grid(y), VECTOR8_THREADS, [ptr(y), ptr(a), ptr(b), ...sizes]);
};

export const scale: Lowering<"scale"> = (c) => {
  const { factor } = c.attrs;
  if (c.shape("x").length > 1) return combineRows(c.list, c.out("y"), c.matrix("x"), undefined, factor);
  const constant = { view: c.list.constant([f32(factor)]), length: 1 };
  scaleAdd(c.list, c.outVector("y"), { a: c.vector("x"), factor: constant });
};

export const zerosLike: Lowering<"zerosLike"> = (c) => scaleAdd(c.list, c.outVector("y"), {});

/** Copies the parts that are not slices of the flat vector already. */
export const flatten: Lowering<"flatten"> = (c) => {
  const flat = c.outVector("flat");
  let from = 0;
  for (const id of c.node.inputs.parts) {
    const part = c.vectorOf(id);
    const to = vectorSlice(flat, from, part.length);
    const inPlace = part.view.buffer === to.view.buffer && part.view.offset === to.view.offset;
    if (!inPlace) scaleAdd(c.list, to, { a: part });
    from += part.length;
  }
};
