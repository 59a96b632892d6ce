import {
  type Attribute,
  type ElementType,
  MICROSOFT,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "../../formats/onnx.ts";
import type { Dim, Shape } from "../../program/program.ts";
import { byDepth, reachable } from "./order.ts";

/**
 * "ort": for the onnxruntime that this package installs, its own operators included; trains. "portable": standard operators
 * only, for every runtime since onnxruntime 1.14 and every consumer of transformers.js.
 */
export type Profile = "ort" | "portable";

/** A tensor of the graph. Sizes that are products of symbols are written "a*b". */
export interface Ref {
  readonly name: string;
  readonly shape: Shape;
}

interface ProductOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

const CONTRIB = new Set(["FusedMatMul", "RotaryEmbedding", "QuickGelu"]);

/** Number of elements; with symbols, a product such as "batch_size*4". */
export function product(dims: Shape): Dim {
  const symbols = dims.filter((d) => typeof d === "string");
  const number = dims.reduce<number>((n, d) => (typeof d === "number" ? n * d : n), 1);
  if (symbols.length === 0) return number;
  return [...symbols, ...(number === 1 ? [] : [number])].join("*");
}

/** Grows an ONNX graph. Constants and reshapes are shared; nodes that nothing reads are left out at the end. */
export class GraphEmitter {
  readonly profile: Profile;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #outputs: { info: OnnxValueInfo; from: string }[] = [];
  readonly #shared = new Map<string, unknown>();

  constructor(profile: Profile) {
    this.profile = profile;
  }

  /** What `make` returns, made once for each key. */
  share<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key) as T;
  }

  input(name: string, type: ElementType, shape: Shape): Ref {
    this.#inputs.push({ name, type, shape });
    return { name, shape };
  }

  output(name: string, type: ElementType, shape: Shape, x: Ref): void {
    this.#outputs.push({ info: { name, type, shape }, from: this.reshape(x, shape).name });
  }

  initializer(name: string, type: ElementType, shape: readonly number[], data: OnnxTensor["data"]): Ref {
    this.#initializers.set(name, { name, type, shape, data });
    return { name, shape };
  }

  ints(...values: number[]): Ref {
    const data = () => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    const name = `/ints/${values.join(",")}`;
    return this.share(name, () => this.initializer(name, "int64", [values.length], data()));
  }

  /** 0, 1, … size - 1 */
  range(size: number): Ref {
    const name = `/range/${size}`;
    const data = () => new Uint8Array(BigInt64Array.from({ length: size }, (_, i) => BigInt(i)).buffer);
    return this.share(name, () => this.initializer(name, "int64", [size], data()));
  }

  scalar(value: number): Ref {
    const name = `/float/${value}`;
    return this.share(name, () =>
      this.initializer(name, "float", [], new Uint8Array(Float32Array.of(value).buffer)),
    );
  }

  nodes(
    op: string,
    inputs: readonly Ref[],
    attributes: OnnxNode["attributes"],
    shapes: readonly Shape[],
  ): Ref[] {
    const outputs = shapes.map((shape, i) => ({
      name: `/${op}_${this.#nodes.length}${i === 0 ? "" : `.${i}`}`,
      shape,
    }));
    this.#nodes.push({
      op,
      domain: CONTRIB.has(op) ? MICROSOFT : "",
      inputs: inputs.map(({ name }) => name),
      outputs: outputs.map(({ name }) => name),
      attributes,
    });
    return outputs;
  }

  node(op: string, inputs: readonly Ref[], attributes: Record<string, Attribute>, shape: Shape): Ref {
    return this.nodes(op, inputs, attributes, [shape])[0]!;
  }

  /** Elementwise with broadcasting: Add, Mul, … */
  each(op: string, ...inputs: Ref[]): Ref {
    return this.node(op, inputs, {}, inputs.map(({ shape }) => shape).reduce(broadcast));
  }

  reshape(x: Ref, shape: Shape): Ref {
    if (x.shape.join() === shape.join()) return x;
    return this.share(`/reshape/${x.name}/${shape.join()}`, () =>
      this.node("Reshape", [x, this.#sizes(shape)], {}, shape),
    );
  }

  /** As a matrix: all sizes but the last in one. */
  rows(x: Ref): Ref {
    return this.reshape(x, [product(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  }

  flat(x: Ref): Ref {
    return this.reshape(x, [product(x.shape)]);
  }

  transpose(x: Ref, perm: readonly number[]): Ref {
    return this.node(
      "Transpose",
      [x],
      { perm },
      perm.map((axis) => x.shape[axis]!),
    );
  }

  slice(x: Ref, from: number, to: number, axis = 0): Ref {
    const shape = x.shape.map((d, i) => (i === axis ? to - from : d));
    return this.node("Slice", [x, this.ints(from), this.ints(to), this.ints(axis)], {}, shape);
  }

  concat(parts: readonly Ref[], axis: number): Ref {
    if (parts.length === 1) return parts[0]!;
    const size = parts.reduce((sum, part) => sum + Number(part.shape[axis]), 0);
    return this.node(
      "Concat",
      parts,
      { axis },
      parts[0]!.shape.map((d, i) => (i === axis ? size : d)),
    );
  }

  split(x: Ref, sizes: readonly number[], axis: number): Ref[] {
    if (sizes.length === 1) return [x];
    const shapes = sizes.map((size) => x.shape.map((d, i) => (i === axis ? size : d)));
    return this.nodes("Split", [x, this.ints(...sizes)], { axis }, shapes);
  }

  reduce(op: string, x: Ref, axis: number, keep: boolean): Ref {
    const shape = x.shape.flatMap((d, i) => (i !== axis ? [d] : keep ? [1] : []));
    const keepdims = keep ? 1 : 0;
    // Of the reductions, only ReduceSum takes its axes as an input at opset 17.
    if (op === "ReduceSum") return this.node(op, [x, this.ints(axis)], { keepdims }, shape);
    return this.node(op, [x], { axes: [axis], keepdims }, shape);
  }

  /** alpha a b + c for matrices; c may be a vector, or absent. Memory of c is not touched. */
  gemm(a: Ref, b: Ref, options: ProductOptions & { readonly c?: Ref | undefined } = {}): Ref {
    const { transA = false, transB = false, alpha = 1, c } = options;
    const attributes = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } };
    const shape = [a.shape[transA ? 1 : 0]!, b.shape[transB ? 0 : 1]!];
    return this.node("Gemm", c === undefined ? [a, b] : [a, b, c], attributes, shape);
  }

  /** alpha a b over the last two axes; the others broadcast. */
  matmul(a: Ref, b: Ref, options: ProductOptions = {}): Ref {
    const { transA = false, transB = false, alpha = 1 } = options;
    const rank = a.shape.length;
    const shape = [...a.shape.slice(0, -2), a.shape[rank - (transA ? 1 : 2)]!, b.shape.at(transB ? -2 : -1)!];
    if (!transA && !transB && alpha === 1) return this.node("MatMul", [a, b], {}, shape);
    if (this.profile === "ort") {
      const attributes = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { float: alpha } };
      return this.node("FusedMatMul", [a, b], attributes, shape);
    }
    const left = transA ? this.#swapped(a) : a;
    const scaled = alpha === 1 ? left : this.each("Mul", left, this.scalar(alpha));
    return this.node("MatMul", [scaled, transB ? this.#swapped(b) : b], {}, shape);
  }

  /** x sigmoid(factor x) */
  swish(x: Ref, factor: number): Ref {
    if (this.profile === "ort") return this.node("QuickGelu", [x], { alpha: { float: factor } }, x.shape);
    const inner = factor === 1 ? x : this.each("Mul", x, this.scalar(factor));
    return this.each("Mul", x, this.each("Sigmoid", inner));
  }

  /**
   * `x`, but only once `done` exist: empty slices of them are appended to it. Exact, whatever they hold. onnxruntime walks
   * back from the outputs depth first and would otherwise run them when it likes, keeping alive what they need.
   */
  after(x: Ref, done: readonly Ref[]): Ref {
    if (done.length === 0) return x;
    const nothing = done.map((ref) => this.slice(this.flat(ref), 0, 0));
    return this.reshape(
      this.node("Concat", [this.flat(x), ...nothing], { axis: 0 }, [product(x.shape)]),
      x.shape,
    );
  }

  finish(name: string): OnnxGraph {
    const rename = new Map<string, string>();
    const copies: OnnxNode[] = [];
    const made = new Set(this.#nodes.flatMap(({ outputs }) => outputs));
    for (const { info, from } of this.#outputs) {
      if (made.has(from) && !rename.has(from)) rename.set(from, info.name);
      else copies.push({ op: "Identity", domain: "", inputs: [from], outputs: [info.name], attributes: {} });
    }
    const nameOf = (old: string): string => rename.get(old) ?? old;
    const named = [...this.#nodes, ...copies].map((node) => ({
      ...node,
      inputs: node.inputs.map(nameOf),
      outputs: node.outputs.map(nameOf),
    }));
    const outputs = this.#outputs.map(({ info }) => info);
    const nodes = byDepth(
      reachable(
        named,
        outputs.map((info) => info.name),
      ),
    );
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    return {
      name,
      nodes,
      initializers: [...this.#initializers.values()].filter((initializer) => read.has(initializer.name)),
      inputs: this.#inputs,
      outputs,
    };
  }

  #swapped(x: Ref): Ref {
    const axes = x.shape.map((_, i) => i);
    return this.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  }

  /** The shape as a tensor: constant where it can be, -1 for one unknown size, else put together at each run. */
  #sizes(shape: Shape): Ref {
    if (shape.filter((d) => typeof d === "string").length <= 1) {
      return this.ints(...shape.map((d) => (typeof d === "number" ? d : -1)));
    }
    return this.share(`/sizes/${shape.join()}`, () =>
      this.concat(
        shape.map((d) => this.size(d)),
        0,
      ),
    );
  }

  /** One size as a tensor [1], read off the input that has it. */
  size(d: Dim): Ref {
    if (typeof d === "number") return this.ints(d);
    return this.share(`/size/${d}`, () => {
      if (d.includes("*"))
        return d
          .split("*")
          .map((factor) => this.size(/^\d+$/.test(factor) ? Number(factor) : factor))
          .reduce((a, b) => this.each("Mul", a, b));
      const input = this.#inputs.find(({ shape }) => shape.includes(d));
      if (input === undefined) throw new Error(`no input has the size ${d}`);
      const axis = input.shape.indexOf(d);
      return this.slice(this.node("Shape", [input], {}, [input.shape.length]), axis, axis + 1);
    });
  }
}

function broadcast(a: Shape, b: Shape): Shape {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const skip = long.length - short.length;
  return long.map((d, i) => (i >= skip && d === 1 ? short[i - skip]! : d));
}
