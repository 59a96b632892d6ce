import { bfloat16ToFloat32, float32ToBfloat16 } from "../formats/numbers.ts";
import { BLOCK, type PackedFormat } from "../formats/quantise.ts";
import {
  type ActivationRole,
  inputRoles,
  type MatrixRole,
  outputRoles,
  type Role,
} from "../ops/signatures.ts";
import {
  type Named,
  type Node,
  type NodeOf,
  outputsOf,
  type Program,
  type Value,
  type ValueId,
  withInputs,
} from "./program.ts";

/** float32: everything. bf16: frozen matrices and their products (ops/signatures.ts); everything else is float32. */
export type Precision = "float32" | "bf16";

/** Roles of frozen matrices. */
const MATRICES: ReadonlySet<Role> = new Set<MatrixRole>(["weight", "head", "table"]);
/** Roles of frozen matrices that may be packed: those of the layers, not of the vocabulary. */
const PACKABLE: ReadonlySet<Role> = new Set(["weight"]);
const ACTIVATIONS: ReadonlySet<Role> = new Set<ActivationRole>([
  "activation",
  "tensor",
  "gemmInput",
  "gemmOutput",
  "sumOutput",
]);

/** True if the operation computes differently with a bf16 matrix. */
export const readsMatrix = (op: Node["op"]): boolean => inputRoles(op).some(([, role]) => MATRICES.has(role));

/** Ids of the operands in one of `roles`. */
function withRole(
  operands: Node["inputs"] | Node["outputs"],
  roles: [string, Role][],
  wanted: ReadonlySet<Role>,
) {
  return roles.flatMap(([name, role]) =>
    wanted.has(role) ? ((operands as Partial<Named<ValueId>>)[name] ?? []) : [],
  );
}

/**
 * A Program whose frozen matrices are bf16, with casts of the values that they multiply: one cast for each value, before its
 * first use, so that q, k and v share it and the backward pass reads the cast of the forward pass. A matrix that an
 * operation also reads in another role stays float32.
 */
export function frozenInBf16(program: Program): Program {
  const values: Value[] = [...program.values];
  const matrices = frozenMatrices(program, MATRICES);
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
    const node = castToBf16(id, value.id);
    nodes.push(scope === undefined ? node : { ...node, scope });
    return value.id;
  };
  for (const node of program.nodes) {
    const roles = new Map(inputRoles(node.op));
    const frozen = withRoundedFactor(node);
    const product = withRole(node.inputs, [...roles], MATRICES).some((id) => matrices.has(id));
    nodes.push(
      withInputs(frozen, (id, name) => (product && roles.get(name) === "gemmInput" ? round(id, node) : id)),
    );
  }
  return { ...program, values, nodes };
}

/** A factor that belongs to the base is a bf16 value where the base is bf16. */
function withRoundedFactor(node: Node): Node {
  if (node.op !== "scale" || node.attrs.frozen === undefined) return node;
  const [factor] = bfloat16ToFloat32(float32ToBfloat16(Float32Array.of(node.attrs.factor)));
  return { ...node, attrs: { ...node.attrs, factor: factor! } };
}

const castToBf16 = (x: ValueId, y: ValueId): NodeOf<"cast"> => ({
  op: "cast",
  inputs: { x },
  outputs: { y },
  attrs: { to: "bf16" },
});

/** A bf16 Program with packed layer matrices, where rows are a multiple of the block size. */
export function frozenPacked(program: Program, format: PackedFormat): Program {
  const values: Value[] = [...program.values];
  for (const id of frozenMatrices(program, PACKABLE)) {
    const [, width] = values[id]!.shape as number[];
    if (width! % BLOCK === 0) values[id] = { ...values[id]!, packed: format };
  }
  return { ...program, values };
}

/** Weights that are read in one of these roles and in no other. */
function frozenMatrices(program: Program, wanted: ReadonlySet<Role>): Set<ValueId> {
  const weights = new Set(program.weights);
  const matrices = new Set<ValueId>();
  const others = new Set<ValueId>();
  for (const node of program.nodes) {
    for (const [name, role] of inputRoles(node.op)) {
      const set = wanted.has(role) ? matrices : others;
      for (const id of withRole(node.inputs, [[name, role]], new Set([role])))
        if (weights.has(id)) set.add(id);
    }
  }
  return new Set([...matrices].filter((id) => !others.has(id)));
}

/** Activations and their gradients: values with two sizes or more in such a role; not factors of adapters, not statistics. */
export function activationsOf(program: Program): Set<ValueId> {
  const activations = new Set<ValueId>();
  for (const { op, inputs, outputs } of program.nodes) {
    for (const id of withRole(inputs, inputRoles(op), ACTIVATIONS)) activations.add(id);
    for (const id of withRole(outputs, outputRoles(op), ACTIVATIONS)) activations.add(id);
  }
  return new Set([...activations].filter((id) => program.values[id]!.shape.length > 1));
}

/**
 * The Program with every activation rounded to bf16 where it is made, as in an engine that keeps activations in bf16. The
 * rounded values take over the names. For comparing such an engine with the reference.
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
    return castToBf16(id, values.length - 1);
  };
  const now = (id: ValueId): ValueId => rounded.get(id) ?? id;
  const made = program.nodes.flatMap((node): Node[] => [
    withInputs(node, now),
    ...outputsOf(node)
      .filter((id) => activations.has(id))
      .map(round),
  ]);
  return { ...program, values, nodes: made, outputs: program.outputs.map(now) };
}
