import type { OpName } from "../ops/attrs.ts";
import { type GradientContext, SEED } from "../ops/definition.ts";
import { definitionOf } from "../ops/index.ts";
import type { ProgramBuilder } from "./builder.ts";
import type { Node, ValueId } from "./program.ts";

/**
 * Appends the gradient of `loss` (a sum) with respect to `trained` to the builder and returns one gradient value for each.
 * Reverse mode, node by node from the last; a value that nothing trained lies behind gets no gradient, so that frozen
 * weights and the layers below the first adapter cost nothing. Gradient nodes carry the scope of their node with
 * ".backward" behind it. Errors when a trained value does not reach the loss.
 */
export function differentiate(b: ProgramBuilder, loss: ValueId, trained: readonly ValueId[]): ValueId[] {
  const forward = [...b.nodes];
  const needed = reaching(forward, trained);
  const gradients = new Map<ValueId, ValueId>([[loss, SEED]]);
  for (const node of forward.reverse()) {
    const dOutputs = node.outputs.map((id) => gradients.get(id) ?? null);
    if (dOutputs.every((d) => d === null) || !node.inputs.some((id) => needed.has(id))) continue;
    b.scope = node.scope === undefined ? undefined : `${node.scope}.backward`;
    const dInputs = gradientOf(b, node, dOutputs, needed);
    for (const [i, input] of node.inputs.entries()) {
      const d = dInputs[i] ?? null;
      if (d === null || !needed.has(input)) continue;
      const before = gradients.get(input);
      gradients.set(input, before === undefined ? d : b.node("add", [before, d], {})[0]!);
    }
  }
  b.scope = undefined;
  return trained.map((id) => {
    const gradient = gradients.get(id);
    if (gradient === undefined) throw new Error(`${b.value(id).name} does not reach the loss`);
    return gradient;
  });
}

function gradientOf<Op extends OpName>(
  b: ProgramBuilder,
  node: Node<Op>,
  dOutputs: readonly (ValueId | null)[],
  needed: ReadonlySet<ValueId>,
): readonly (ValueId | null)[] {
  const rule = definitionOf(node.op).gradient;
  if (rule === "none") throw new Error(`${node.op} has no gradient, but something trained lies behind it`);
  const context: GradientContext<Op> = {
    b,
    inputs: node.inputs,
    outputs: node.outputs,
    attrs: node.attrs,
    dOutputs,
    needs: (i) => needed.has(node.inputs[i]!),
  };
  return rule(context);
}

/** The values that depend on `roots`, roots included. */
function reaching(nodes: readonly Node[], roots: readonly ValueId[]): Set<ValueId> {
  const set = new Set(roots);
  for (const node of nodes) {
    if (node.inputs.some((id) => set.has(id))) for (const id of node.outputs) set.add(id);
  }
  return set;
}
