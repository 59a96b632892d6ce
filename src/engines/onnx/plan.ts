import type { Node, Program, ValueId } from "../../program/program.ts";

/** An `add` that a product does on the way out: its output `value`, which nobody else reads, plus `into` is `sum`. */
export interface FoldedAdd {
  readonly value: ValueId;
  readonly into: ValueId;
  readonly sum: ValueId;
}

/** How this engine departs from one node at a time. The Program stays what it is; nodes are the keys. */
export interface Plan {
  /** By the product's node. */
  readonly folded: ReadonlyMap<Node, FoldedAdd>;
  /** The `add` nodes that need not be run. */
  readonly skipped: ReadonlySet<Node>;
  /**
   * Adapters on one input, whose A's are applied as one matrix; in the gradient, the last of them does it for all. Every
   * loraLinear and loraLinearGrad node has its group, itself included.
   */
  readonly siblings: ReadonlyMap<Node, readonly Node[]>;
  /** For values that `unflatten` made: the flat value, and where they lie in it. */
  readonly views: ReadonlyMap<
    ValueId,
    { readonly flat: ValueId; readonly offset: number; readonly length: number }
  >;
}

export function planOf(program: Program): Plan {
  const uses = countUses(program);
  const { folded, skipped } = foldAdds(program, uses);
  return {
    folded,
    skipped,
    siblings: new Map([...forwardSiblings(program), ...gradientSiblings(program, folded, uses)]),
    views: viewsOf(program),
  };
}

function countUses(program: Program): Map<ValueId, number> {
  const uses = new Map<ValueId, number>();
  const use = (id: ValueId): unknown => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const node of program.nodes) for (const id of node.inputs) use(id);
  for (const id of [...program.outputs, ...program.guards, ...program.state.map((slot) => slot.next)])
    use(id);
  return uses;
}

/** The output of a product that can add something for nothing; none when it adds a bias already. */
function summand(node: Node): ValueId | undefined {
  switch (node.op) {
    case "linear":
      return node.inputs.length === 2 ? node.outputs[0] : undefined;
    case "loraLinear":
      return (node as Node<"loraLinear">).attrs.hasBias ? undefined : node.outputs[0];
    case "linearGrad":
      return node.outputs[0];
    case "loraLinearGrad":
      return node.outputs[2];
    default:
      return undefined;
  }
}

function foldAdds(program: Program, uses: ReadonlyMap<ValueId, number>): Pick<Plan, "folded" | "skipped"> {
  const folded = new Map<Node, FoldedAdd>();
  const skipped = new Set<Node>();
  const made = new Map<ValueId, number>();
  for (const [i, node] of program.nodes.entries()) {
    for (const id of node.outputs) made.set(id, i);
    if (node.op !== "add" || node.after !== undefined) continue;
    for (const [value, into] of [
      [node.inputs[0]!, node.inputs[1]!],
      [node.inputs[1]!, node.inputs[0]!],
    ] as const) {
      const at = made.get(value);
      if (at === undefined || uses.get(value) !== 1 || (made.get(into) ?? -1) >= at) continue;
      const producer = program.nodes[at]!;
      if (summand(producer) !== value || folded.has(producer)) continue;
      folded.set(producer, { value, into, sum: node.outputs[0]! });
      skipped.add(node);
      made.set(node.outputs[0]!, at);
      break;
    }
  }
  return { folded, skipped };
}

function groupBy(nodes: readonly Node[], key: (node: Node) => string): Node[][] {
  const groups = new Map<string, Node[]>();
  for (const node of nodes) groups.set(key(node), [...(groups.get(key(node)) ?? []), node]);
  return [...groups.values()];
}

/** Input that dropout masks share: `keep` is the input behind the others that every such node has. */
const keepOf = (node: Node<"loraLinear" | "loraLinearGrad">, at: number): string =>
  node.attrs.dropout > 0 ? String(node.inputs[at]) : "";

function forwardSiblings(program: Program): Map<Node, readonly Node[]> {
  const nodes = program.nodes.filter((node) => node.op === "loraLinear") as Node<"loraLinear">[];
  const groups = groupBy(nodes, (node) =>
    [node.inputs[0], keepOf(node as Node<"loraLinear">, 4), node.scope, node.after].join(),
  );
  return new Map(groups.flatMap((group) => group.map((node) => [node, group] as const)));
}

/**
 * The last of a group adds the low-rank part of the input's gradient for all, so the others' gradients must end up in its
 * own sum and nowhere else.
 */
function gradientSiblings(
  program: Program,
  folded: ReadonlyMap<Node, FoldedAdd>,
  uses: ReadonlyMap<ValueId, number>,
): Map<Node, readonly Node[]> {
  const nodes = program.nodes.filter((node) => node.op === "loraLinearGrad") as Node<"loraLinearGrad">[];
  const adderOf = new Map([...folded].map(([node, { into }]) => [into, node]));
  const resultOf = (node: Node): ValueId | undefined => folded.get(node)?.sum ?? summand(node);
  const endsIn = (node: Node, last: Node): boolean => {
    for (let at: Node | undefined = node; at !== undefined; ) {
      if (at === last) return true;
      const result = resultOf(at);
      if (result === undefined || uses.get(result) !== 1) return false;
      at = adderOf.get(result);
    }
    return false;
  };
  const groups = groupBy(nodes, (node) => [node.inputs[1], keepOf(node as Node<"loraLinearGrad">, 6)].join());
  return new Map(
    groups.flatMap((group) => {
      const last = group.at(-1)!;
      const whole = group.every(
        (node) => !(node as Node<"loraLinearGrad">).attrs.needsInput || endsIn(node, last),
      );
      return group.map((node) => [node, whole ? group : [node]] as const);
    }),
  );
}

function viewsOf(program: Program): Plan["views"] {
  const views = new Map<ValueId, { flat: ValueId; offset: number; length: number }>();
  for (const node of program.nodes) {
    if (node.op !== "unflatten") continue;
    let offset = 0;
    for (const [i, shape] of (node as Node<"unflatten">).attrs.shapes.entries()) {
      const length = shape.reduce((n, d) => n * d, 1);
      views.set(node.outputs[i]!, { flat: node.inputs[0]!, offset, length });
      offset += length;
    }
  }
  return views;
}
