import {
  type Attribute,
  ELEMENT,
  type ElementType,
  MICROSOFT,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "../../formats/onnx.ts";
import type { Dim, Shape } from "../../program/program.ts";
import { broadcast, product } from "../library/tensor-builder.ts";
import { byDepth, reachable } from "./order.ts";

/**
 * "ort": includes contributed operators of the onnxruntime that this package installs; for training on the CPU. "webgpu": those
 * that its WebGPU provider computes, with the element types that it has. "portable": standard operators only, for every runtime
 * since onnxruntime 1.14 and every consumer of transformers.js.
 */
export type Profile = "ort" | "webgpu" | "portable";

/** A tensor of the graph. Sizes that are products of symbols are written "a*b". */
export interface Ref {
  readonly name: string;
  readonly shape: Shape;
  readonly type: ElementType;
}

/** A graph that was built here, with the type and shape of every tensor by its name. */
export interface BuiltGraph extends OnnxGraph {
  readonly tensors: ReadonlyMap<string, OnnxValueInfo>;
}

const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  float: 4,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
  float16: 2,
  bfloat16: 2,
};

/** Bytes of a tensor of the graph without symbolic sizes; 0 for a name that the graph does not have. */
export function tensorBytes({ tensors }: BuiltGraph, name: string): number {
  const tensor = tensors.get(name);
  return tensor === undefined ? 0 : Number(product(tensor.shape)) * ELEMENT_BYTES[tensor.type];
}

const CONTRIB = new Set(["FusedMatMul", "RotaryEmbedding", "QuickGelu", "Gelu", "FastGelu"]);

/** Builds an ONNX graph. Constants and reshapes are shared; nodes that nothing reads are removed at the end. */
export class GraphEmitter {
  readonly profile: Profile;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #outputs: { info: OnnxValueInfo; from: string }[] = [];
  readonly #shared = new Map<string, unknown>();
  readonly #tensors: Ref[] = [];

  constructor(profile: Profile) {
    this.profile = profile;
  }

  /** The result of `make`, computed once for each key. */
  share<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make());
    return this.#shared.get(key) as T;
  }

  input(name: string, type: ElementType, shape: Shape): Ref {
    this.#inputs.push({ name, type, shape });
    return this.#known({ name, shape, type });
  }

  output(name: string, type: ElementType, shape: Shape, x: Ref): void {
    this.#outputs.push({ info: { name, type, shape }, from: this.reshape(x, shape).name });
  }

  initializer(name: string, type: ElementType, shape: readonly number[], data: OnnxTensor["data"]): Ref {
    this.#initializers.set(name, { name, type, shape, data });
    return this.#known({ name, shape, type });
  }

  constant(key: string, shape: readonly number[], make: () => Float32Array): Ref {
    return this.share(`/constant/${key}`, () => {
      const { buffer, byteOffset, byteLength } = make();
      const name = `/constant_${this.#initializers.size}`;
      return this.initializer(name, "float", shape, new Uint8Array(buffer, byteOffset, byteLength));
    });
  }

  ints(...values: number[]): Ref {
    const data = () => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    const name = `/ints/${values.join(",")}`;
    return this.share(name, () => this.initializer(name, "int64", [values.length], data()));
  }

  /** Consecutive integers from `first`, row by row. */
  range(shape: readonly number[], type: "int32" | "int64" = "int64", first = 0): Ref {
    const length = shape.reduce((n, d) => n * d, 1);
    const name = `/range/${type}/${first}/${shape.join()}`;
    const numbers = (): Int32Array | BigInt64Array =>
      type === "int32"
        ? Int32Array.from({ length }, (_, i) => first + i)
        : BigInt64Array.from({ length }, (_, i) => BigInt(first + i));
    return this.share(name, () => this.initializer(name, type, shape, new Uint8Array(numbers().buffer)));
  }

  scalar(value: number): Ref {
    const name = `/float/${value}`;
    return this.share(name, () =>
      this.initializer(name, "float", [], new Uint8Array(Float32Array.of(value).buffer)),
    );
  }

  /** `type` of the outputs; default: that of the first input. */
  nodes(
    op: string,
    inputs: readonly Ref[],
    attributes: OnnxNode["attributes"],
    shapes: readonly Shape[],
    type: ElementType = inputs[0]!.type,
  ): Ref[] {
    const outputs = shapes.map((shape, i) => ({
      name: `/${op}_${this.#nodes.length}${i === 0 ? "" : `.${i}`}`,
      shape,
      type,
    }));
    this.#nodes.push({
      op,
      domain: CONTRIB.has(op) ? MICROSOFT : "",
      inputs: inputs.map(({ name }) => name),
      outputs: outputs.map(({ name }) => name),
      attributes,
    });
    return outputs.map((ref) => this.#known(ref));
  }

  #known(ref: Ref): Ref {
    this.#tensors.push(ref);
    return ref;
  }

  node(
    op: string,
    inputs: readonly Ref[],
    attributes: Record<string, Attribute>,
    shape: Shape,
    type?: ElementType,
  ): Ref {
    return this.nodes(op, inputs, attributes, [shape], type)[0]!;
  }

  /** Elementwise with broadcasting: Add, Mul, ... */
  each(op: string, ...inputs: Ref[]): Ref {
    return this.node(op, inputs, {}, inputs.map(({ shape }) => shape).reduce(broadcast));
  }

  reshape(x: Ref, shape: Shape): Ref {
    if (x.shape.join() === shape.join()) return x;
    return this.share(`/reshape/${x.name}/${shape.join()}`, () =>
      this.node("Reshape", [x, this.#sizes(shape)], {}, shape),
    );
  }

  flat(x: Ref): Ref {
    return this.reshape(x, [product(x.shape)]);
  }

  slice(x: Ref, from: number, to: number, axis = 0): Ref {
    // The WebGPU provider slices floats only; positions, segments and token ids are exact in float32.
    if (this.profile === "webgpu" && x.type === "int32")
      return this.slice(this.node("Cast", [x], { to: ELEMENT.float }, x.shape, "float"), from, to, axis);
    const shape = x.shape.map((d, i) => (i === axis ? to - from : d));
    return this.node("Slice", [x, this.ints(from), this.ints(to), this.ints(axis)], {}, shape);
  }

  tail(x: Ref, count: number, axis = 0): Ref {
    const ends = this.ints(2 ** 31 - 1);
    return this.node("Slice", [x, this.ints(-count), ends, this.ints(axis)], {}, x.shape.with(axis, count));
  }

  finish(name: string): BuiltGraph {
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
      tensors: new Map(this.#tensors.map((tensor) => [nameOf(tensor.name), tensor])),
    };
  }

  /** The shape as a tensor: constant if possible, -1 for one unknown size, else computed in each run. */
  #sizes(shape: Shape): Ref {
    if (shape.filter((d) => typeof d === "string").length <= 1) {
      return this.ints(...shape.map((d) => (typeof d === "number" ? d : -1)));
    }
    return this.share(`/sizes/${shape.join()}`, () =>
      this.node(
        "Concat",
        shape.map((d) => this.size(d)),
        { axis: 0 },
        [shape.length],
      ),
    );
  }

  /** One size as a tensor [1], from the shape of an input that has it. */
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
      return this.slice(this.node("Shape", [input], {}, [input.shape.length], "int64"), axis, axis + 1);
    });
  }
}
