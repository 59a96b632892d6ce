import type { AttrsOf } from "../../../ops/attrs.ts";
import { type CommandList, f32, i32, i64, ptr, type Vector } from "../lowering/commands.ts";
import { blocksFor, type Lowering } from "./lowering.ts";
import { scaleAdd } from "./shape.ts";

const THREADS = 256;
/** Elements whose squares one block sums: the same on every GPU, so that the order of the sum is too. */
const ELEMENTS_PER_BLOCK = 2 ** 14;

/** out = Σ x, by one block in a fixed order. */
export function sumVector(list: CommandList, out: Vector, x: Vector): void {
  list.launch("sum_vector", [1], THREADS, [ptr(out), ptr(x), i32(x.length)]);
}

export const sumSquares: Lowering<"sumSquares"> = (c) => {
  const x = c.vector("x");
  const partial = c.list.vector(Math.ceil(x.length / ELEMENTS_PER_BLOCK));
  c.list.launch("sum_squares", [partial.length], THREADS, [
    ptr(partial),
    ptr(x),
    i64(x.length),
    i64(ELEMENTS_PER_BLOCK),
  ]);
  sumVector(c.list, c.outVector("sum"), partial);
};

/** Writes the gradient norm. @returns the clipping factor: 1 / count or less */
export function clipNorm(
  list: CommandList,
  { norm, squares, count, limit }: { norm: Vector; squares: Vector; count: Vector; limit: number },
): Vector {
  const factor = list.vector(1);
  list.launch("clip_norm", [1], 1, [ptr(norm), ptr(factor), ptr(squares), ptr(count), f32(limit)]);
  return factor;
}

export const clipScale: Lowering<"clipScale"> = (c) => {
  const [g, squares, count, norm] = [
    c.vector("g"),
    c.vector("sumSquares"),
    c.vector("count"),
    c.outVector("norm"),
  ];
  const factor = clipNorm(c.list, { norm, squares, count, limit: c.attrs.limit });
  scaleAdd(c.list, c.outVector("clipped"), { a: g, factor });
};

/** Operands of kernels/adamw.cu. */
export interface AdamwUpdate {
  readonly parameters: Vector;
  readonly moment1: Vector;
  readonly moment2: Vector;
  readonly gradient: Vector;
  readonly factor?: Vector | undefined;
  readonly finite?: Vector | undefined;
  /** Learning rate and both bias corrections. */
  readonly scalars: readonly [Vector, Vector, Vector];
}

/** AdamW in place, one launch for each parameter group. */
export function adamwInPlace(list: CommandList, update: AdamwUpdate, attrs: AttrsOf<"adamw">): void {
  const { parameters, moment1, moment2, gradient, factor, finite, scalars } = update;
  const pointers = [parameters, moment1, moment2, gradient, factor, finite, ...scalars].map((vector) =>
    ptr(vector),
  );
  const { beta1, beta2 } = attrs;
  let from = 0;
  for (const { size, ratio } of attrs.groups) {
    const numbers = [beta1, beta2, 1 - beta1, 1 - beta2, attrs.eps, attrs.weightDecay, ratio].map(f32);
    const range = [i64(from), i64(from + size)];
    list.launch("adamw", [blocksFor(size, THREADS)], THREADS, [...pointers, ...numbers, ...range]);
    from += size;
  }
}

export const adamw: Lowering<"adamw"> = (c) => {
  const copied = (input: "p" | "m" | "v", output: "pNext" | "mNext" | "vNext"): Vector => {
    const to = c.outVector(output);
    scaleAdd(c.list, to, { a: c.vector(input) });
    return to;
  };
  const [parameters, moment1, moment2] = [copied("p", "pNext"), copied("m", "mNext"), copied("v", "vNext")];
  const scalars = [c.vector("learningRate"), c.vector("correction1"), c.vector("correction2")] as const;
  adamwInPlace(c.list, { parameters, moment1, moment2, gradient: c.vector("g"), scalars }, c.attrs);
};
