import {
  inputsOf,
  type Node,
  outputsOf,
  type Program,
  type Value,
  type ValueId,
  withInputs,
  withOutputs,
} from "./program.ts";

const BACKWARD = ".backward";

/**
 * Activation recomputation (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost") as a rewrite: the backward
 * nodes of each scope read fresh copies of that scope's forward values instead of the ones made in the forward pass, so
 * that only values that cross a scope's border stay alive between the passes. The copies run `after` the gradient that enters
 * the scope. The result is unchanged.
 */
export function recompute(program: Program): Program {
  const values: Value[] = [...program.values];
  const nodes: Node[] = [];
  const forward = groupByScope(program.nodes);
  const crossing = valuesThatCross(program);
  const copies = new Map<string, Map<ValueId, ValueId>>();
  for (const node of program.nodes) {
    const scope = node.scope?.endsWith(BACKWARD) ? node.scope.slice(0, -BACKWARD.length) : undefined;
    if (scope === undefined || !forward.has(scope)) {
      nodes.push(node);
      continue;
    }
    if (!copies.has(scope)) {
      const needed = neededBy(program.nodes, `${scope}${BACKWARD}`, forward.get(scope)!, crossing);
      const entering = enteringGradient(node, program.nodes, scope);
      copies.set(scope, copyNodes(needed, entering, crossing, values, nodes));
    }
    const copy = copies.get(scope)!;
    nodes.push(withInputs(node, (id) => copy.get(id) ?? id));
  }
  return { ...program, values, nodes };
}

function groupByScope(nodes: readonly Node[]): Map<string, Node[]> {
  const groups = new Map<string, Node[]>();
  for (const node of nodes) {
    if (node.scope === undefined || node.scope.endsWith(BACKWARD)) continue;
    groups.set(node.scope, [...(groups.get(node.scope) ?? []), node]);
  }
  return groups;
}

/** Values of forward scopes that another forward scope or a node outside all scopes reads. They are not recomputed. */
function valuesThatCross(program: Program): Set<ValueId> {
  const scopeOf = new Map<ValueId, string | undefined>();
  for (const node of program.nodes) for (const id of outputsOf(node)) scopeOf.set(id, node.scope);
  const crossing = new Set(program.outputs);
  for (const node of program.nodes) {
    if (node.scope?.endsWith(BACKWARD)) continue;
    for (const id of inputsOf(node)) if (scopeOf.get(id) !== node.scope) crossing.add(id);
  }
  return crossing;
}

/** Forward nodes that the scope's backward nodes depend on, in order, back to crossing values. */
function neededBy(
  all: readonly Node[],
  backward: string,
  forward: readonly Node[],
  crossing: ReadonlySet<ValueId>,
): Node[] {
  const wanted = new Set<ValueId>();
  for (const node of all) if (node.scope === backward) for (const id of inputsOf(node)) wanted.add(id);
  const needed: Node[] = [];
  for (const node of [...forward].reverse()) {
    if (!outputsOf(node).some((id) => wanted.has(id) && !crossing.has(id))) continue;
    needed.unshift(node);
    for (const id of inputsOf(node)) wanted.add(id);
  }
  return needed;
}

/** An input of the scope's first backward node that an earlier node outside the scope's forward made. */
function enteringGradient(first: Node, all: readonly Node[], scope: string): ValueId {
  const made = new Map<ValueId, Node>();
  for (const node of all) for (const id of outputsOf(node)) made.set(id, node);
  const entering = inputsOf(first).find((id) => made.has(id) && made.get(id)!.scope !== scope);
  if (entering === undefined) throw new Error(`recompute: no gradient enters ${scope}`);
  return entering;
}

/** Appends copies of `needed` to `nodes` and returns original value -> copy. */
function copyNodes(
  needed: readonly Node[],
  entering: ValueId,
  crossing: ReadonlySet<ValueId>,
  values: Value[],
  nodes: Node[],
): Map<ValueId, ValueId> {
  const copy = new Map<ValueId, ValueId>();
  for (const node of needed) {
    const readsCopy = inputsOf(node).some((id) => copy.has(id));
    const reading = withInputs(node, (id) => copy.get(id) ?? id);
    const copied = withOutputs(reading, (id) => {
      const value = values[id]!;
      values.push({ ...value, id: values.length, name: `${value.name}.again` });
      if (!crossing.has(id)) copy.set(id, values.length - 1);
      return values.length - 1;
    });
    nodes.push(readsCopy ? copied : { ...copied, after: entering });
  }
  return copy;
}
