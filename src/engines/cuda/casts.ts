import type { Program, ValueId } from "../../program/program.ts";

/** The Program without casts between matrices: they are bf16 all the same, so that a cast of one is itself. */
export function withoutCasts(program: Program): Program {
  const roots = new Map<ValueId, ValueId>();
  const root = (id: ValueId): ValueId => roots.get(id) ?? id;
  const nodes = program.nodes.flatMap((node) => {
    if (node.op !== "cast") return [{ ...node, inputs: node.inputs.map(root) }];
    if (program.values[node.inputs[0]!]!.shape.length < 2)
      throw new Error("cuda engine: no Program casts a vector");
    roots.set(node.outputs[0]!, root(node.inputs[0]!));
    return [];
  });
  const state = program.state.map(({ value, next }) => ({ value, next: root(next) }));
  const [outputs, guards] = [program.outputs.map(root), program.guards.map(root)];
  return { ...program, nodes, state, outputs, guards };
}
