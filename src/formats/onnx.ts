import { LorafitError } from "../errors.ts";
import { type Field, MessageWriter, readFields, readPacked } from "./protobuf.ts";

/** Element types of tensors (TensorProto.DataType). Field numbers in this file: onnx/onnx.proto. */
export const ELEMENT = {
  float: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
} as const;
export type ElementType = keyof typeof ELEMENT;

/** onnxruntime's own operators. */
export const MICROSOFT = "com.microsoft";

/** A number is an int, {float} a float, a list ints. */
export type Attribute = number | string | { readonly float: number } | readonly number[];

export interface OnnxNode {
  readonly op: string;
  /** "" for the standard operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A slice of a file that the runtime maps; `location` is relative to the model's folder. */
export interface ExternalData {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly data: Uint8Array | ExternalData;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type: ElementType;
  /** A string is a symbolic size. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

/** Opset 17 with IR 8 is what every onnxruntime from 1.14 on loads. A file ends at 2 GB: keep more than that outside. */
export function encodeOnnx(graph: OnnxGraph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const body = new MessageWriter();
  for (const node of graph.nodes) body.message(1, nodeMessage(node));
  body.text(2, graph.name);
  for (const tensor of graph.initializers) body.message(5, tensorMessage(tensor));
  for (const value of graph.inputs) body.message(11, valueMessage(value));
  for (const value of graph.outputs) body.message(12, valueMessage(value));
  const model = new MessageWriter().integer(1, 8).text(2, "lorafit").message(7, body);
  model.message(8, new MessageWriter().text(1, "").integer(2, 17));
  if (graph.nodes.some(({ domain }) => domain === MICROSOFT)) {
    model.message(8, new MessageWriter().text(1, MICROSOFT).integer(2, 1));
  }
  for (const [key, value] of Object.entries(metadata)) model.message(14, pairMessage(key, value));
  return Buffer.concat(model.chunks());
}

const pairMessage = (key: string, value: string): MessageWriter =>
  new MessageWriter().text(1, key).text(2, value);

function nodeMessage({ op, domain, inputs, outputs, attributes }: OnnxNode): MessageWriter {
  const message = new MessageWriter();
  for (const name of inputs) message.text(1, name);
  for (const name of outputs) message.text(2, name);
  message.text(3, outputs[0]!).text(4, op);
  for (const [name, value] of Object.entries(attributes)) message.message(5, attributeMessage(name, value));
  return domain === "" ? message : message.text(7, domain);
}

function attributeMessage(name: string, value: Attribute): MessageWriter {
  const message = new MessageWriter().text(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, 2);
  if (typeof value === "string") return message.text(4, value).integer(20, 3);
  if ("float" in value) return message.float(2, value.float).integer(20, 1);
  for (const item of value) message.integer(8, item);
  return message.integer(20, 7);
}

function tensorMessage({ name, type, shape, data }: OnnxTensor): MessageWriter {
  const message = new MessageWriter();
  for (const size of shape) message.integer(1, size);
  message.integer(2, ELEMENT[type]).text(8, name);
  if (data instanceof Uint8Array) return message.bytes(9, data);
  for (const [key, value] of Object.entries(data)) message.message(13, pairMessage(key, String(value)));
  return message.integer(14, 1);
}

function valueMessage({ name, type, shape }: OnnxValueInfo): MessageWriter {
  const sizes = new MessageWriter();
  for (const d of shape) {
    sizes.message(
      1,
      typeof d === "number" ? new MessageWriter().integer(1, d) : new MessageWriter().text(2, d),
    );
  }
  const tensor = new MessageWriter().integer(1, ELEMENT[type]).message(2, sizes);
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensor));
}

/** Description of a model, without nodes and weights. */
export interface OnnxSummary {
  readonly irVersion: number;
  /** Version by domain; "" is the standard domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the surface of an ONNX file from anywhere. Nothing in it is trusted: not lengths, types or names.
 * @throws data error that names `where`
 */
export function readOnnx(bytes: Uint8Array, where: string): OnnxSummary {
  const model = new Message(bytes, where);
  const graph = model.child(7);
  const values = (field: number): OnnxValueInfo[] =>
    graph.children(field).map((value) => readValue(value, where));
  if (!model.has(7)) throw new LorafitError("data", `${where}: no ONNX model`, { hint: "name a .onnx file" });
  return {
    irVersion: model.integer(1),
    opsets: new Map(model.children(8).map((opset) => [opset.text(1), opset.integer(2)])),
    inputs: values(11),
    outputs: values(12),
    initializers: graph.children(5).map((tensor) => ({ name: tensor.text(8), shape: tensor.integers(1) })),
    metadata: new Map(model.children(14).map((pair) => [pair.text(1), pair.text(2)])),
  };
}

function readValue(value: Message, where: string): OnnxValueInfo {
  const name = value.text(1);
  const tensor = value.child(2).child(1);
  const code = tensor.integer(1);
  const type = (Object.keys(ELEMENT) as ElementType[]).find((key) => ELEMENT[key] === code);
  if (type === undefined) {
    const hint = `supported are ${Object.keys(ELEMENT).join(", ")}`;
    throw new LorafitError("data", `${where}: ${name} has element type ${code}`, { hint });
  }
  // A size without name or number is free, each for itself.
  const size = (d: Message, i: number): number | string =>
    d.has(1) ? d.integer(1) : d.text(2) || `${name}.${i}`;
  return { name, type, shape: tensor.child(2).children(1).map(size) };
}

/** The fields of one message by number; what is absent reads as 0, "" or nothing, as protobuf has it. */
class Message {
  readonly #fields = new Map<number, Field[]>();
  readonly #where: string;

  constructor(bytes: Uint8Array, where: string) {
    this.#where = where;
    for (const field of readFields(bytes, where)) {
      const known = this.#fields.get(field.number);
      if (known === undefined) this.#fields.set(field.number, [field]);
      else known.push(field);
    }
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  integer(field: number): number {
    return Number(this.#fields.get(field)?.at(-1)?.integer ?? 0n);
  }

  /** Writers pack repeated integers or not, as they like. */
  integers(field: number): number[] {
    const values = this.#all(field).flatMap(({ integer, bytes }) =>
      bytes.length === 0 ? [integer] : readPacked(bytes, this.#where),
    );
    return values.map(Number);
  }

  text(field: number): string {
    return new TextDecoder().decode(this.#fields.get(field)?.at(-1)?.bytes ?? new Uint8Array(0));
  }

  child(field: number): Message {
    return new Message(this.#fields.get(field)?.at(-1)?.bytes ?? new Uint8Array(0), this.#where);
  }

  children(field: number): Message[] {
    return this.#all(field).map(({ bytes }) => new Message(bytes, this.#where));
  }

  #all(field: number): readonly Field[] {
    return this.#fields.get(field) ?? [];
  }
}
