import { type Program, type ValueId, withInputs } from "../../../program/program.ts";

/** Removes casts between matrices: on this engine every matrix is bf16, so such a cast is the identity. */
export function withoutCasts(program: Program): Program {
  const roots = new Map<ValueId, ValueId>();
  const root = (id: ValueId): ValueId => roots.get(id) ?? id;
  const nodes = program.nodes.flatMap((node) => {
    if (node.op !== "cast") return [withInputs(node, root)];
    if (program.values[node.inputs.x]!.shape.length < 2)
      throw new Error("cuda engine: no Program casts a vector");
    roots.set(node.outputs.y, root(node.inputs.x));
    return [];
  });
  const state = program.state.map(({ value, next }) => ({ value, next: root(next) }));
  const [outputs, guards] = [program.outputs.map(root), program.guards.map(root)];
  return { ...program, nodes, state, outputs, guards };
}
