import type { OpName } from "../../ops/attrs.ts";
import type { Constant } from "./kernel-list.ts";
import {
  type Call,
  type DType,
  type KernelAttrs,
  type KernelName,
  type Ref,
  type Shape,
  sizeOf,
} from "./kernels.ts";

type Elementwise = "Add" | "Sub" | "Multiply" | "RealDiv" | "Minimum";
type Comparison = "Equal" | "GreaterEqual" | "LogicalAnd";
type Unary = "Sqrt" | "Rsqrt" | "Square" | "Log" | "Sigmoid" | "Softmax" | "Identity" | "ZerosLike";

/** Writes kernel calls down in the order in which they will run. Constants and reshapes are shared. */
export class KernelRecorder {
  readonly calls: Call[] = [];
  readonly constants: Constant[] = [];
  /** The operation whose calls come next. */
  op: OpName | undefined;
  #slots = 0;
  readonly #shared = new Map<string, unknown>();

  get slots(): number {
    return this.#slots;
  }

  /** What `make` returns, made once for each key. */
  share<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key) as T;
  }

  ref(shape: Shape, dtype: DType = "float32"): Ref {
    return { slot: this.#slots++, shape, dtype };
  }

  constant(key: string, shape: Shape, make: () => Float32Array | Int32Array): Ref {
    return this.share(`/constant/${key}`, () => {
      const data = make();
      const ref = this.ref(shape, data instanceof Int32Array ? "int32" : "float32");
      this.constants.push({ ref, data });
      return ref;
    });
  }

  scalar(value: number): Ref {
    return this.constant(`scalar ${value}`, [], () => Float32Array.of(value));
  }

  call<Kernel extends KernelName>(
    kernel: Kernel,
    inputs: readonly Ref[],
    attrs: KernelAttrs[Kernel],
    shapes: readonly Shape[],
    dtype: DType = inputs[0]!.dtype,
  ): Ref[] {
    const outputs = shapes.map((shape) => this.ref(shape, dtype));
    this.calls.push({ kernel, inputs, outputs, attrs, op: this.op });
    return outputs;
  }

  #one<Kernel extends KernelName>(
    kernel: Kernel,
    inputs: readonly Ref[],
    attrs: KernelAttrs[Kernel],
    shape: Shape,
    dtype?: DType,
  ): Ref {
    return this.call(kernel, inputs, attrs, [shape], dtype)[0]!;
  }

  /** With broadcasting. */
  each(kernel: Elementwise, a: Ref, b: Ref): Ref {
    return this.#one(kernel, [a, b], {}, broadcast(a.shape, b.shape));
  }

  compare(kernel: Comparison, a: Ref, b: Ref): Ref {
    return this.#one(kernel, [a, b], {}, broadcast(a.shape, b.shape), "bool");
  }

  map(kernel: Unary, x: Ref): Ref {
    return this.#one(kernel, [x], {}, x.shape);
  }

  /** factor x; x itself for 1. */
  times(x: Ref, factor: number): Ref {
    return factor === 1 ? x : this.each("Multiply", x, this.scalar(factor));
  }

  /** Tensors of one shape, in one pass over memory. */
  sum(terms: readonly Ref[]): Ref {
    if (terms.length === 1) return terms[0]!;
    if (terms.length === 2) return this.each("Add", terms[0]!, terms[1]!);
    return this.#one("AddN", terms, {}, terms[0]!.shape);
  }

  reduce(kernel: "Sum" | "Mean" | "Max", x: Ref, axis: number, keepDims: boolean): Ref {
    const shape = x.shape.flatMap((d, i) => (i !== axis ? [d] : keepDims ? [1] : []));
    return this.#one(kernel, [x], { axis, keepDims }, shape);
  }

  /** a b over the last two axes, in the dtype of both. */
  matmul(a: Ref, b: Ref, transpose: { readonly a?: true; readonly b?: true } = {}): Ref {
    const rows = a.shape.at(transpose.a ? -1 : -2)!;
    const columns = b.shape.at(transpose.b ? -2 : -1)!;
    const attrs = { transposeA: transpose.a === true, transposeB: transpose.b === true };
    return this.#one("BatchMatMul", [a, b], attrs, [...a.shape.slice(0, -2), rows, columns]);
  }

  /** A product with a frozen matrix, which the other side is in the precision of; the result is float32. */
  product(a: Ref, matrix: Ref, transpose: { readonly b?: true } = {}): Ref {
    return this.cast(this.matmul(a, matrix, transpose), "float32");
  }

  cast(x: Ref, dtype: DType): Ref {
    if (x.dtype === dtype) return x;
    return this.share(`/cast/${x.slot}/${dtype}`, () => this.#one("Cast", [x], { dtype }, x.shape, dtype));
  }

  reshape(x: Ref, shape: Shape): Ref {
    if (x.shape.join() === shape.join()) return x;
    return this.share(`/reshape/${x.slot}/${shape.join()}`, () =>
      this.#one("Reshape", [x], { shape }, shape),
    );
  }

  flat(x: Ref): Ref {
    return this.reshape(x, [sizeOf(x.shape)]);
  }

  transpose(x: Ref, perm: readonly number[]): Ref {
    const shape = perm.map((axis) => x.shape[axis]!);
    // Axes of size 1 may stand anywhere: where the others keep their order, nothing moves.
    const moved = perm.filter((axis) => x.shape[axis] !== 1);
    if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return this.reshape(x, shape);
    return this.#one("Transpose", [x], { perm }, shape);
  }

  reverse(x: Ref, axis: number): Ref {
    return this.#one("Reverse", [x], { axis }, x.shape);
  }

  slice(x: Ref, from: number, to: number, axis = 0): Ref {
    if (from === 0 && to === x.shape[axis]) return x;
    const size = x.shape.with(axis, to - from);
    const begin = x.shape.map((_, i) => (i === axis ? from : 0));
    return this.#one("Slice", [x], { begin, size }, size);
  }

  split(x: Ref, sizes: readonly number[], axis: number): Ref[] {
    if (sizes.length === 1) return [x];
    const shapes = sizes.map((size) => x.shape.with(axis, size));
    return this.call("SplitV", [x], { sizes, axis }, shapes);
  }

  concat(parts: readonly Ref[], axis: number): Ref {
    const full = parts.filter(({ shape }) => shape[axis] !== 0);
    if (full.length === 1) return full[0]!;
    const size = full.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return this.#one("Concat", full, { axis }, full[0]!.shape.with(axis, size));
  }

  /** With zeros behind the end of `axis`, up to `size`. */
  pad(x: Ref, axis: number, size: number): Ref {
    const after = size - x.shape[axis]!;
    return after === 0 ? x : this.#one("PadV2", [x], { axis, after }, x.shape.with(axis, size));
  }

  /** x [n,..], indices [m] -> [m,..] */
  gather(x: Ref, indices: Ref): Ref {
    return this.#one("GatherV2", [x, indices], {}, [...indices.shape, ...x.shape.slice(1)]);
  }

  /** x [m,n], columns [m] -> [m]: one entry of each row. */
  pick(x: Ref, columns: Ref): Ref {
    const m = x.shape[0]!;
    const rows = this.constant(`rows ${m}`, [m, 1], () => Int32Array.from({ length: m }, (_, i) => i));
    const indices = this.concat([rows, this.reshape(columns, [m, 1])], 1);
    return this.#one("GatherNd", [x, indices], {}, [m]);
  }

  /** x [m,..], rows [m] -> [size,..]: rows that repeat are summed, others are zero. */
  segmentSum(x: Ref, rows: Ref, size: number): Ref {
    return this.#one("UnsortedSegmentSum", [x, rows], { numSegments: size }, x.shape.with(0, size));
  }
}

function broadcast(a: Shape, b: Shape): Shape {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const skip = long.length - short.length;
  return long.map((d, i) => (i >= skip && d === 1 ? short[i - skip]! : d));
}
