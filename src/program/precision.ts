import { BLOCK, type PackedFormat } from "../formats/quantise.ts";
import type { OpName } from "../ops/attrs.ts";
import { definitionOf } from "../ops/index.ts";
import type { Node, Program, Value, ValueId } from "./program.ts";

/** float32: all of it. bf16: frozen matrices and their products, see ops/attrs.ts; everything else stays in float32. */
export type Precision = "float32" | "bf16";

/**
 * A Program whose frozen matrices are bf16, with a cast in front of everything that they multiply: one for each value, made
 * where it is first needed, so that q, k and v share theirs and the backward pass reads that of the forward pass.
 * A matrix that an operation uses in any other way stays float32.
 */
export function frozenInBf16(program: Program): Program {
  const values: Value[] = [...program.values];
  const matrices = frozenMatrices(program);
  for (const id of matrices) values[id] = { ...values[id]!, dtype: "bf16" };
  const nodes: Node[] = [];
  const rounded = new Map<ValueId, ValueId>();
  const round = (id: ValueId, { scope }: Node): ValueId => {
    const known = rounded.get(id);
    if (known !== undefined) return known;
    const { name, shape } = values[id]!;
    const value: Value = { id: values.length, name: `${name}.bf16`, dtype: "bf16", shape };
    values.push(value);
    rounded.set(id, value.id);
    const node: Node<"cast"> = { op: "cast", inputs: [id], outputs: [value.id], attrs: { to: "bf16" } };
    nodes.push((scope === undefined ? node : { ...node, scope }) as Node);
    return value.id;
  };
  for (const node of program.nodes) {
    const { frozen } = definitionOf(node.op);
    const product = frozen !== undefined && matrices.has(node.inputs[frozen.matrix]!);
    const inputs = node.inputs.map((id, i) =>
      product && frozen.operands.includes(i) ? round(id, node) : id,
    );
    nodes.push({ ...node, inputs });
  }
  return { ...program, values, nodes };
}

/** Operations whose frozen matrix may be packed: the head stays as it is, and so does the embedding. */
const PACKABLE: ReadonlySet<OpName> = new Set(["linear", "linearGrad", "loraLinear", "loraLinearGrad"]);

/** A Program in bf16 that keeps the matrices of its layers packed where their rows are whole blocks. */
export function frozenPacked(program: Program, format: PackedFormat): Program {
  const values: Value[] = [...program.values];
  for (const id of frozenMatrices(program, PACKABLE)) {
    const [, width] = values[id]!.shape as number[];
    if (width! % BLOCK === 0) values[id] = { ...values[id]!, packed: format };
  }
  return { ...program, values };
}

/** Weights that are read as the frozen matrix of an operation, of one of `ops` if they are given, and as nothing else. */
function frozenMatrices(program: Program, ops?: ReadonlySet<OpName>): Set<ValueId> {
  const matrices = new Set<ValueId>();
  const others = new Set<ValueId>();
  const weights = new Set(program.weights);
  for (const node of program.nodes) {
    const at = ops?.has(node.op) === false ? undefined : definitionOf(node.op).frozen?.matrix;
    for (const [i, id] of node.inputs.entries()) if (weights.has(id)) (i === at ? matrices : others).add(id);
  }
  return new Set([...matrices].filter((id) => !others.has(id)));
}

/** Of operations' inputs and outputs that have two sizes or more: those that are not activations. */
const FLOAT_INPUTS: Partial<Record<OpName, readonly number[]>> = {
  loraLinear: [2, 3],
  loraLinearGrad: [3, 4],
  rmsNormGrad: [3],
  attentionGrad: [5],
};
const FLOAT_OUTPUTS: Partial<Record<OpName, readonly number[]>> = {
  loraLinearGrad: [0, 1],
  rmsNorm: [1],
  attention: [1],
};

/** Values with two sizes or more that are activations or gradients of some: no factors of adapters, no statistics. */
export function activationsOf(program: Program): Set<ValueId> {
  const floats = new Set<ValueId>();
  for (const { op, inputs, outputs } of program.nodes) {
    for (const i of FLOAT_INPUTS[op] ?? []) floats.add(inputs[i]!);
    for (const i of FLOAT_OUTPUTS[op] ?? []) floats.add(outputs[i]!);
    if (op === "unflatten") for (const id of outputs) floats.add(id);
    if (op === "flatten") for (const id of inputs) floats.add(id);
  }
  const isActivation = ({ id, dtype, shape }: Program["values"][number]): boolean =>
    shape.length > 1 && (dtype === "f32" || dtype === "bf16") && !floats.has(id);
  return new Set(program.values.filter(isActivation).map(({ id }) => id));
}

/**
 * The Program with every activation rounded to bf16 where it is made, which is what an engine computes that keeps them so; names
 * stay with the rounded values. For comparing such an engine with the reference.
 */
export function activationsInBf16(program: Program): Program {
  const values: Value[] = [...program.values];
  const activations = activationsOf(program);
  const rounded = new Map<ValueId, ValueId>();
  const round = (id: ValueId): Node => {
    const value = values[id]!;
    values[id] = { ...value, name: `${value.name}.wide` };
    values.push({ ...value, id: values.length, dtype: "bf16" });
    rounded.set(id, values.length - 1);
    return { op: "cast", inputs: [id], outputs: [values.length - 1], attrs: { to: "bf16" } } as Node;
  };
  const now = (id: ValueId): ValueId => rounded.get(id) ?? id;
  const made = program.nodes.flatMap((node): Node[] => {
    const inputs = node.inputs.map(now);
    return [{ ...node, inputs }, ...node.outputs.filter((id) => activations.has(id)).map(round)];
  });
  return { ...program, values, nodes: made, outputs: program.outputs.map(now) };
}
