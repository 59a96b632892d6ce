import type { AttrsOf } from "../../../ops/attrs.ts";
import { at, type CommandList, f32, i32, i64, type Vector } from "../commands.ts";
import { blocksFor, type Lowering } from "./lowering.ts";
import { moveVector } from "./shape.ts";

const THREADS = 256;
/** Of a vector whose squares are summed by one block: a fixed share, so that the order of the sum is the same on every GPU. */
const ELEMENTS_PER_BLOCK = 2 ** 14;

/** By one block, in a fixed order. */
export function sumVector(list: CommandList, out: Vector, x: Vector): void {
  list.launch("sum_vector", [1], THREADS, [at(out), at(x), i32(x.length)]);
}

export const sumSquares: Lowering<"sumSquares"> = (c) => {
  const x = c.vector("x");
  const partial = c.list.vector(Math.ceil(x.length / ELEMENTS_PER_BLOCK));
  c.list.launch("sum_squares", [partial.length], THREADS, [
    at(partial),
    at(x),
    i64(x.length),
    i64(ELEMENTS_PER_BLOCK),
  ]);
  sumVector(c.list, c.outVector("sum"), partial);
};

/** The norm, and the factor that clips: 1 / count or less. */
export function clipNorm(
  list: CommandList,
  { norm, squares, count, limit }: { norm: Vector; squares: Vector; count: Vector; limit: number },
): Vector {
  const factor = list.vector(1);
  list.launch("clip_norm", [1], 1, [at(norm), at(factor), at(squares), at(count), f32(limit)]);
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
  moveVector(c.list, c.outVector("clipped"), { a: g, factor });
};

export interface Update {
  readonly parameters: Vector;
  readonly moment1: Vector;
  readonly moment2: Vector;
  readonly gradient: Vector;
  readonly factor?: Vector | undefined;
  readonly finite?: Vector | undefined;
  /** Learning rate and both bias corrections. */
  readonly scalars: readonly [Vector, Vector, Vector];
}

/** AdamW in place, a launch for each group. */
export function updateInPlace(list: CommandList, update: Update, attrs: AttrsOf<"adamw">): void {
  const { parameters, moment1, moment2, gradient, factor, finite, scalars } = update;
  const places = [parameters, moment1, moment2, gradient, factor, finite, ...scalars].map((place) =>
    at(place),
  );
  const { beta1, beta2 } = attrs;
  let from = 0;
  for (const { size, ratio } of attrs.groups) {
    const numbers = [beta1, beta2, 1 - beta1, 1 - beta2, attrs.eps, attrs.weightDecay, ratio].map(f32);
    const range = [i64(from), i64(from + size)];
    list.launch("adamw", [blocksFor(size, THREADS)], THREADS, [...places, ...numbers, ...range]);
    from += size;
  }
}

export const adamw: Lowering<"adamw"> = (c) => {
  const moved = (input: "p" | "m" | "v", output: "pNext" | "mNext" | "vNext"): Vector => {
    const to = c.outVector(output);
    moveVector(c.list, to, { a: c.vector(input) });
    return to;
  };
  const [parameters, moment1, moment2] = [moved("p", "pNext"), moved("m", "mNext"), moved("v", "vNext")];
  const scalars = [c.vector("learningRate"), c.vector("correction1"), c.vector("correction2")] as const;
  updateInPlace(c.list, { parameters, moment1, moment2, gradient: c.vector("g"), scalars }, c.attrs);
};
