import type { OpName } from "../ops/attrs.ts";
import { SEED } from "../ops/definition.ts";
import { definitionOf } from "../ops/index.ts";
import type { Outputs } from "../ops/signatures.ts";
import type { ProgramBuilder } from "./builder.ts";
import {
  inputsOf,
  mapNamed,
  type Named,
  type Node,
  type NodeOf,
  outputsOf,
  type ValueId,
} from "./program.ts";

/**
 * Appends the gradient of `loss` (a sum) with respect to `trained` to the builder and returns one gradient value for each.
 * Reverse mode, node by node from the last. A value that no trained value reaches gets no gradient, so that frozen
 * weights and the layers below the first adapter cost nothing. Gradient nodes have the scope of their node with
 * ".backward" appended. Errors when a trained value does not reach the loss.
 */
export function differentiate(b: ProgramBuilder, loss: ValueId, trained: readonly ValueId[]): ValueId[] {
  const forward = [...b.nodes];
  const needed = reaching(forward, trained);
  const gradients = new Map<ValueId, ValueId>([[loss, SEED]]);
  for (const node of forward.reverse()) {
    const reached = outputsOf(node).some((id) => gradients.has(id));
    if (!reached || !inputsOf(node).some((id) => needed.has(id))) continue;
    b.scope = node.scope === undefined ? undefined : `${node.scope}.backward`;
    const dInputs = gradientsOf(b, node, gradients, needed);
    for (const [name, input] of Object.entries(node.inputs as Named<ValueId>)) {
      const d = dInputs[name] ?? null;
      if (d === null || typeof input !== "number" || !needed.has(input)) continue;
      const before = gradients.get(input);
      gradients.set(input, before === undefined ? d : b.node("add", { a: before, b: d }, {}).y);
    }
  }
  b.scope = undefined;
  return trained.map((id) => {
    const gradient = gradients.get(id);
    if (gradient === undefined) throw new Error(`${b.value(id).name} does not reach the loss`);
    return gradient;
  });
}

/** Gradient of each input by name, as the operation's rule gives them. */
function gradientsOf<Op extends OpName>(
  b: ProgramBuilder,
  { op, inputs, outputs, attrs }: NodeOf<Op>,
  gradients: ReadonlyMap<ValueId, ValueId>,
  needed: ReadonlySet<ValueId>,
): Readonly<Record<string, ValueId | null>> {
  const rule = definitionOf(op).gradient;
  if (rule === "none") throw new Error(`${op} has no gradient, but a trained value reaches it`);
  const dOutputs = mapNamed(outputs as Named<ValueId>, (id) => gradients.get(id) ?? null);
  return rule({
    b,
    inputs,
    outputs,
    attrs,
    dOutputs: dOutputs as unknown as Outputs<Op, ValueId | null>,
    needs: (name) => needed.has(inputs[name] as ValueId),
  });
}

/** Values that depend on `roots`, including the roots. */
function reaching(nodes: readonly Node[], roots: readonly ValueId[]): Set<ValueId> {
  const set = new Set(roots);
  for (const node of nodes) {
    if (inputsOf(node).some((id) => set.has(id))) for (const id of outputsOf(node)) set.add(id);
  }
  return set;
}
