import type { OpName } from "../../ops/attrs.ts";
import type { Dim } from "../../program/program.ts";
import { HIDDEN, QUERY_ROWS } from "../attention.ts";
import { broadcast, type ProductOptions, type Sum, type TensorBuilder } from "../library/tensor-builder.ts";
import {
  type Call,
  type Constant,
  type DType,
  type KernelAttrs,
  type KernelName,
  type Ref,
  type Shape,
  sizeOf,
} from "./kernels.ts";

type Elementwise = "Add" | "Sub" | "Multiply" | "RealDiv" | "Minimum";
type Comparison = "Equal" | "GreaterEqual" | "LogicalAnd";
type Unary =
  | "Sqrt"
  | "Rsqrt"
  | "Square"
  | "Log"
  | "Exp"
  | "Sigmoid"
  | "Erf"
  | "Softmax"
  | "Identity"
  | "ZerosLike";

const DTYPES = { f32: "float32", bf16: "bfloat16", bool: "bool" } as const;

/** Records kernel calls in the order in which they will run. */
export class KernelRecorder implements TensorBuilder {
  readonly freeAlpha = false;
  readonly queryRows = QUERY_ROWS;
  readonly calls: Call[] = [];
  readonly constants: Constant[] = [];
  /** Operation of the calls that are recorded next. */
  op: OpName | undefined;
  #slots = 0;
  readonly #shared = new Map<string, unknown>();
  /** Source of each reshaped tensor. */
  readonly #reshaped = new Map<number, Ref>();

  get slots(): number {
    return this.#slots;
  }

  share<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key) as T;
  }

  key({ slot }: Ref): string {
    return String(slot);
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

  indices(count: number, end = count): Ref {
    const first = end - count;
    return this.constant(`indices ${first} ${end}`, [count], () =>
      Int32Array.from({ length: count }, (_, i) => first + i),
    );
  }

  columnIndex({ shape }: Ref): Ref {
    const [rows, columns] = shape as readonly [number, number];
    const index = this.constant(`columns ${rows} ${columns}`, shape, () =>
      Int32Array.from({ length: rows * columns }, (_, i) => i % columns),
    );
    // The result may be an output of the Program, which no constant can be.
    return this.copy(index);
  }

  zerosLike(x: Ref): Ref {
    return this.#map("ZerosLike", x);
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

  #map(kernel: Unary, x: Ref): Ref {
    return this.#one(kernel, [x], {}, x.shape);
  }

  #each(kernel: Elementwise, a: Ref, b: Ref): Ref {
    return this.#one(kernel, [a, b], {}, broadcast(a.shape, b.shape) as Shape);
  }

  #compare(kernel: Comparison, a: Ref, b: Ref): Ref {
    return this.#one(kernel, [a, b], {}, broadcast(a.shape, b.shape) as Shape, "bool");
  }

  add = (a: Ref, b: Ref): Ref => this.#each("Add", a, b);
  sub = (a: Ref, b: Ref): Ref => this.#each("Sub", a, b);
  mul = (a: Ref, b: Ref): Ref => this.#each("Multiply", a, b);
  div = (a: Ref, b: Ref): Ref => this.#each("RealDiv", a, b);
  min = (a: Ref, b: Ref): Ref => this.#each("Minimum", a, b);
  square = (x: Ref): Ref => this.#map("Square", x);
  sqrt = (x: Ref): Ref => this.#map("Sqrt", x);
  rsqrt = (x: Ref): Ref => this.#map("Rsqrt", x);
  log = (x: Ref): Ref => this.#map("Log", x);
  exp = (x: Ref): Ref => this.#map("Exp", x);
  sigmoid = (x: Ref): Ref => this.#map("Sigmoid", x);
  erf = (x: Ref): Ref => this.#map("Erf", x);
  softmax = (x: Ref): Ref => this.#map("Softmax", x);
  copy = (x: Ref): Ref => this.#map("Identity", x);
  silu = (x: Ref): Ref => this.mul(x, this.sigmoid(x));
  equal = (a: Ref, b: Ref): Ref => this.#compare("Equal", a, b);
  greaterEqual = (a: Ref, b: Ref): Ref => this.#compare("GreaterEqual", a, b);
  lessOrEqual = (a: Ref, b: Ref): Ref => this.#compare("GreaterEqual", b, a);
  and = (a: Ref, b: Ref): Ref => this.#compare("LogicalAnd", a, b);

  times(x: Ref, factor: number): Ref {
    return factor === 1 ? x : this.mul(x, this.scalar(factor));
  }

  maskBias(seen: Ref): Ref {
    return this.times(this.sub(this.scalar(1), this.cast(seen, "f32")), HIDDEN);
  }

  cast(x: Ref, to: keyof typeof DTYPES): Ref {
    const dtype = DTYPES[to];
    if (x.dtype === dtype) return x;
    return this.share(`/cast/${x.slot}/${dtype}`, () => this.#one("Cast", [x], { dtype }, x.shape, dtype));
  }

  sum = (x: Ref, axis: number, keep: boolean): Ref => this.#reduce("Sum", x, axis, keep);
  mean = (x: Ref, axis: number, keep: boolean): Ref => this.#reduce("Mean", x, axis, keep);
  max = (x: Ref, axis: number, keep: boolean): Ref => this.#reduce("Max", x, axis, keep);
  sumSquares = (x: Ref, axis: number): Ref => this.sum(this.square(x), axis, false);

  /** Column by column: a sum over rows of two is less exact than one over a vector. */
  weightedSums(columns: readonly Ref[], weights: Ref): Ref {
    const sums = columns.map((column) => this.sum(this.flat(this.mul(column, weights)), 0, true));
    return this.concat(sums, 0);
  }

  #reduce(kernel: "Sum" | "Mean" | "Max", x: Ref, axis: number, keepDims: boolean): Ref {
    const shape = x.shape.flatMap((d, i) => (i !== axis ? [d] : keepDims ? [1] : []));
    return this.#one(kernel, [x], { axis, keepDims }, shape);
  }

  /** The largest probability is exp(max - log Σ exp(scores)). */
  logSumExp(scores: Ref, softmax: Ref): Ref {
    const last = scores.shape.length - 1;
    return this.sub(this.max(scores, last, false), this.log(this.max(softmax, last, false)));
  }

  addAll(terms: readonly Ref[]): Ref {
    if (terms.length === 1) return terms[0]!;
    if (terms.length === 2) return this.add(terms[0]!, terms[1]!);
    return this.#one("AddN", terms, {}, terms[0]!.shape);
  }

  /** In the dtype of both. */
  matmul(a: Ref, b: Ref, { transA = false, transB = false, alpha = 1 }: ProductOptions = {}): Ref {
    const rows = a.shape.at(transA ? -1 : -2)!;
    const columns = b.shape.at(transB ? -2 : -1)!;
    const attrs = { transposeA: transA, transposeB: transB };
    const shape = [...a.shape.slice(0, -2), rows, columns];
    return this.times(this.#one("BatchMatMul", [a, b], attrs, shape), alpha);
  }

  accumulate({ terms }: Sum, a: Ref, b: Ref, options: ProductOptions & { bias?: Ref | undefined } = {}): Sum {
    const product = this.cast(this.matmul(a, b, options), "f32");
    return { terms: [...terms, options.bias === undefined ? product : this.add(product, options.bias)] };
  }

  accumulateTerm({ terms }: Sum, x: Ref): Sum {
    return { terms: [...terms, x] };
  }

  reshape(x: Ref, shape: Shape): Ref {
    const source = this.#reshaped.get(x.slot) ?? x;
    if (source.shape.join() === shape.join()) return source;
    return this.share(`/reshape/${source.slot}/${shape.join()}`, () => {
      const reshaped = this.#one("Reshape", [source], { shape }, shape);
      this.#reshaped.set(reshaped.slot, source);
      return reshaped;
    });
  }

  flat(x: Ref): Ref {
    return this.reshape(x, [sizeOf(x.shape)]);
  }

  transpose(x: Ref, perm: readonly number[]): Ref {
    const shape = perm.map((axis) => x.shape[axis]!);
    // Axes of size 1 may be anywhere: where the others keep their order, no number moves.
    const others = perm.filter((axis) => x.shape[axis] !== 1);
    if (others.every((axis, i) => i === 0 || axis > others[i - 1]!)) return this.reshape(x, shape);
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

  tail(x: Ref, count: number, axis = 0): Ref {
    const size = x.shape[axis]!;
    return this.slice(x, size - count, size, axis);
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

  pad(x: Ref, axis: number, size: Dim): Ref {
    const after = Number(size) - x.shape[axis]!;
    return after === 0 ? x : this.#one("PadV2", [x], { axis, after }, x.shape.with(axis, Number(size)));
  }

  repeat(x: Ref, size: number): Ref {
    return this.mul(
      this.constant(`ones ${size}`, [size], () => new Float32Array(size).fill(1)),
      x,
    );
  }

  gather(x: Ref, indices: Ref): Ref {
    return this.#one("GatherV2", [x, indices], {}, [...indices.shape, ...x.shape.slice(1)]);
  }

  pick(x: Ref, columns: Ref): Ref {
    const m = x.shape[0]!;
    const places = this.concat([this.reshape(this.indices(m), [m, 1]), this.reshape(columns, [m, 1])], 1);
    return this.reshape(this.#one("GatherNd", [x, places], {}, [m]), [m, 1]);
  }

  /** A GPU sums with atomic additions in varying order. Only rows of zeros repeat, so the result is the same. */
  segmentSum(x: Ref, rows: Ref, size: number): Ref {
    return this.#one("UnsortedSegmentSum", [x, rows], { numSegments: size }, x.shape.with(0, size));
  }

  /** Calls run in the order in which they are recorded. */
  after(x: Ref): Ref {
    return x;
  }
}
