import type { Dim, Shape } from "../../program/program.ts";
import { HIDDEN, QUERY_ROWS } from "../attention.ts";
import {
  broadcast,
  type ProductOptions,
  product,
  type Sum,
  type TensorBuilder,
} from "../library/tensor-builder.ts";
import { GraphEmitter, type Ref } from "./graph.ts";

/** Values of Cast's attribute `to` (TensorProto.DataType). */
const CAST = { float: 1, bool: 9 } as const;

/** ONNX operators as a TensorBuilder, including contributed operators in the profiles of onnxruntime. */
export class OnnxBuilder extends GraphEmitter implements TensorBuilder {
  readonly freeAlpha = true;
  /** On a GPU the number of kernels costs more than masked products: at 8x512, 4 blocks take 10,200 nodes, one takes 6,600. */
  readonly queryRows = this.profile === "webgpu" ? 512 : QUERY_ROWS;
  /** Source of each transposed tensor, by the name of the result. */
  readonly #transposed = new Map<string, { readonly x: Ref; readonly perm: readonly number[] }>();

  key(x: Ref): string {
    return x.name;
  }

  /** Type of integers: the WebGPU provider computes with 32 bits. */
  get #integer(): "int32" | "int64" {
    return this.profile === "webgpu" ? "int32" : "int64";
  }

  indices(count: Dim, end: Dim = count): Ref {
    // The provider's Range and Sub have no integers; its Programs have no symbolic sizes.
    if (this.profile === "webgpu")
      return this.range([Number(count)], this.#integer, Number(end) - Number(count));
    const start = count === end ? this.#scalarSize(0) : undefined;
    const [stop, step] = [this.#scalarSize(end), this.#scalarSize(1)];
    const first = start ?? this.each("Sub", stop, this.#scalarSize(count));
    return this.node("Range", [first, stop, step], {}, [count]);
  }

  columnIndex(x: Ref): Ref {
    const row = this.reshape(this.indices(x.shape[1]!), [1, x.shape[1]!]);
    return this.node("Expand", [row, this.node("Shape", [x], {}, [2], "int64")], {}, x.shape);
  }

  zerosLike(x: Ref): Ref {
    const sizes = x.shape as readonly number[];
    // The provider has no ConstantOfShape.
    if (this.profile === "webgpu")
      return this.node("Expand", [this.scalar(0), this.ints(...sizes)], {}, sizes);
    // The default value of ConstantOfShape is a float zero.
    return this.node("ConstantOfShape", [this.ints(...sizes)], {}, sizes, "float");
  }

  add = (a: Ref, b: Ref): Ref => this.each("Add", a, b);
  sub = (a: Ref, b: Ref): Ref => this.each("Sub", a, b);
  mul = (a: Ref, b: Ref): Ref => this.each("Mul", a, b);
  div = (a: Ref, b: Ref): Ref => this.each("Div", a, b);
  min = (a: Ref, b: Ref): Ref => this.each("Min", a, b);
  sqrt = (x: Ref): Ref => this.each("Sqrt", x);
  log = (x: Ref): Ref => this.each("Log", x);
  exp = (x: Ref): Ref => this.each("Exp", x);
  sigmoid = (x: Ref): Ref => this.each("Sigmoid", x);
  erf = (x: Ref): Ref => this.each("Erf", x);
  square = (x: Ref): Ref => this.mul(x, x);
  rsqrt = (x: Ref): Ref => this.each("Reciprocal", this.sqrt(x));
  silu = (x: Ref): Ref => this.swish(x, 1);
  equal = (a: Ref, b: Ref): Ref => this.#compare("Equal", a, b);
  greaterEqual = (a: Ref, b: Ref): Ref => this.#compare("GreaterOrEqual", a, b);
  lessOrEqual = (a: Ref, b: Ref): Ref => this.#compare("LessOrEqual", a, b);
  and = (a: Ref, b: Ref): Ref => this.#compare("And", a, b);

  times(x: Ref, factor: number): Ref {
    return factor === 1 ? x : this.mul(x, this.scalar(factor));
  }

  softmax(x: Ref): Ref {
    return this.node("Softmax", [x], { axis: -1 }, x.shape);
  }

  /** x sigmoid(factor x) */
  swish(x: Ref, factor: number): Ref {
    if (this.profile !== "portable")
      return this.node("QuickGelu", [x], { alpha: { float: factor } }, x.shape);
    return this.mul(x, this.sigmoid(this.times(x, factor)));
  }

  maskBias(seen: Ref): Ref {
    return this.node("Where", [seen, this.scalar(0), this.scalar(HIDDEN)], {}, seen.shape, "float");
  }

  cast(x: Ref, to: "f32" | "bf16" | "bool"): Ref {
    if (to === "bf16") throw new Error("onnx engine: computes in float32 only");
    const type = to === "f32" ? "float" : "bool";
    return x.type === type ? x : this.node("Cast", [x], { to: CAST[type] }, x.shape, type);
  }

  // Of the reductions, only ReduceSum takes its axes as an input at opset 17.
  sum(x: Ref, axis: number, keep: boolean): Ref {
    const shape = reduced(x.shape, axis, keep);
    return this.node("ReduceSum", [x, this.ints(axis)], { keepdims: Number(keep) }, shape);
  }

  mean = (x: Ref, axis: number, keep: boolean): Ref => this.#reduce("ReduceMean", x, axis, keep);
  max = (x: Ref, axis: number, keep: boolean): Ref => this.#reduce("ReduceMax", x, axis, keep);
  sumSquares = (x: Ref, axis: number): Ref => this.#reduce("ReduceSumSquare", x, axis, false);
  weightedSums(columns: readonly Ref[], weights: Ref): Ref {
    return this.sum(this.mul(this.concat(columns, 1), weights), 0, false);
  }

  logSumExp = (scores: Ref): Ref => this.#reduce("ReduceLogSumExp", scores, scores.shape.length - 1, false);

  addAll(terms: readonly Ref[]): Ref {
    // The provider has no Sum.
    if (this.profile === "webgpu") return terms.reduce(this.add);
    return terms.length === 1 ? terms[0]! : this.node("Sum", terms, {}, terms[0]!.shape);
  }

  matmul(a: Ref, b: Ref, options: ProductOptions = {}): Ref {
    const { transA = false, transB = false, alpha = 1 } = options;
    const plain = !transA && !transB && alpha === 1;
    return a.shape.length > 2 || plain ? this.stackedMatmul(a, b, options) : this.#gemm(a, b, options);
  }

  accumulate(sum: Sum, a: Ref, b: Ref, options: ProductOptions & { bias?: Ref | undefined } = {}): Sum {
    const addend = options.bias ?? (sum.terms[0] as Ref | undefined);
    return { terms: [addend === undefined ? this.matmul(a, b, options) : this.#gemm(a, b, options, addend)] };
  }

  accumulateTerm({ terms: [base] }: Sum, x: Ref): Sum {
    return { terms: [this.add(base as Ref, x)] };
  }

  /** alpha a b + c for matrices; c may be a vector, or absent. Memory of c is not touched. */
  #gemm(a: Ref, b: Ref, options: ProductOptions, c?: Ref): Ref {
    const { transA = false, transB = false, alpha = 1 } = options;
    const attributes = { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } };
    const shape = [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!];
    return this.node("Gemm", c === undefined ? [a, b] : [a, b, c], attributes, shape);
  }

  /** alpha a b over the last two axes, of any number of matrices. */
  stackedMatmul(a: Ref, b: Ref, options: ProductOptions = {}): Ref {
    const { transA = false, transB = false, alpha = 1 } = options;
    const rank = a.shape.length;
    const shape = [...a.shape.slice(0, -2), a.shape[rank - (transA ? 1 : 2)]!, b.shape.at(transB ? -2 : -1)!];
    if (!transA && !transB && alpha === 1) return this.node("MatMul", [a, b], {}, shape);
    if (this.profile === "ort") {
      const attributes = { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } };
      return this.node("FusedMatMul", [a, b], attributes, shape);
    }
    if (this.profile === "webgpu") return this.#unfusedMatmul(a, b, transA, transB, alpha, shape);
    const left = this.times(transA ? this.#swapped(a) : a, alpha);
    return this.node("MatMul", [left, transB ? this.#swapped(b) : b], {}, shape);
  }

  /** Transposes and scales the smallest of the operands and the product: attention's scores are the largest by far. */
  #unfusedMatmul(a: Ref, b: Ref, transA: boolean, transB: boolean, alpha: number, shape: Shape): Ref {
    if (transA && !transB && count(a.shape) > count(b.shape) + count(shape))
      return this.#swapped(this.stackedMatmul(this.#swapped(b), a, { alpha }));
    const [left, right] = [transA ? this.#swapped(a) : a, transB ? this.#swapped(b) : b];
    const smallest = Math.min(count(a.shape), count(b.shape), count(shape));
    if (smallest === count(a.shape)) return this.node("MatMul", [this.times(left, alpha), right], {}, shape);
    if (smallest === count(b.shape)) return this.node("MatMul", [left, this.times(right, alpha)], {}, shape);
    return this.times(this.node("MatMul", [left, right], {}, shape), alpha);
  }

  transpose(x: Ref, perm: readonly number[]): Ref {
    if (this.profile === "webgpu") return this.#composedTranspose(x, perm);
    const shape = perm.map((axis) => x.shape[axis]!);
    return this.node("Transpose", [x], { perm }, shape);
  }

  /** A transposition of a transposition is one; the first is removed if nothing else reads it. */
  #composedTranspose(x: Ref, perm: readonly number[]): Ref {
    const before = this.#transposed.get(x.name) ?? { x, perm: perm.map((_, axis) => axis) };
    const whole = perm.map((axis) => before.perm[axis]!);
    if (whole.every((axis, i) => axis === i)) return before.x;
    const shape = whole.map((axis) => before.x.shape[axis]!);
    return this.share(`/transpose/${before.x.name}/${whole.join()}`, () => {
      const y = this.node("Transpose", [before.x], { perm: whole }, shape);
      this.#transposed.set(y.name, { x: before.x, perm: whole });
      return y;
    });
  }

  concat(parts: readonly Ref[], axis: number, size?: Dim): Ref {
    if (parts.length === 1) return parts[0]!;
    const total = size ?? parts.reduce((sum, part) => sum + Number(part.shape[axis]), 0);
    return this.node("Concat", parts, { axis }, parts[0]!.shape.with(axis, total));
  }

  split(x: Ref, sizes: readonly number[], axis: number): Ref[] {
    if (sizes.length === 1) return [x];
    const shapes = sizes.map((size) => x.shape.with(axis, size));
    return this.nodes("Split", [x, this.ints(...sizes)], { axis }, shapes);
  }

  pad(x: Ref, axis: number, size: Dim): Ref {
    if (x.shape[axis] === size) return x;
    const pads = Array<number>(2 * x.shape.length).fill(0);
    pads[x.shape.length + axis] = Number(size) - Number(x.shape[axis]);
    return this.node("Pad", [x, this.ints(...pads)], {}, x.shape.with(axis, size));
  }

  repeat(x: Ref, size: number): Ref {
    return this.node("Expand", [x, this.ints(size)], {}, [size]);
  }

  gather(x: Ref, indices: Ref): Ref {
    const shape = [...indices.shape, ...x.shape.slice(1)];
    return this.node("Gather", [x, indices], { axis: 0 }, shape);
  }

  pick(x: Ref, columns: Ref): Ref {
    const shape = [x.shape[0]!, 1];
    return this.node("GatherElements", [x, this.reshape(columns, shape)], { axis: 1 }, shape);
  }

  /**
   * A product with the 0-1 matrix that says which row goes where: sums rows that repeat, in a fixed order, which a scatter
   * on several threads does not. [T,N] [N,D] is negligible beside the head's [N,D] [D,V].
   */
  segmentSum(x: Ref, rows: Ref, size: number): Ref {
    const places = this.range([size, 1], this.#integer);
    const hot = this.equal(places, this.reshape(rows, [1, rows.shape[0]!]));
    return this.matmul(this.cast(hot, "f32"), x);
  }

  /**
   * Appends empty slices of `done` to x, which does not change its values. onnxruntime walks back from the outputs depth first
   * and would otherwise compute `done` late, keeping its inputs alive.
   */
  after(x: Ref, done: readonly Ref[]): Ref {
    if (done.length === 0) return x;
    const nothing = done.map((ref) => this.slice(this.flat(ref), 0, 0));
    const parts = [this.flat(x), ...nothing];
    return this.reshape(this.node("Concat", parts, { axis: 0 }, [product(x.shape)]), x.shape);
  }

  #compare(op: string, a: Ref, b: Ref): Ref {
    return this.node(op, [a, b], {}, broadcast(a.shape, b.shape), "bool");
  }

  #reduce(op: string, x: Ref, axis: number, keep: boolean): Ref {
    return this.node(op, [x], { axes: [axis], keepdims: Number(keep) }, reduced(x.shape, axis, keep));
  }

  #swapped(x: Ref): Ref {
    const axes = x.shape.map((_, i) => i);
    return this.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  }

  /** A size as a tensor without axes, as Range wants it. */
  #scalarSize(d: Dim): Ref {
    return this.reshape(this.size(d), []);
  }
}

const reduced = (shape: Shape, axis: number, keep: boolean): Shape =>
  shape.flatMap((d, i) => (i !== axis ? [d] : keep ? [1] : []));

/** Number of elements of a tensor without symbolic sizes. */
const count = (shape: Shape): number => Number(product(shape));
