import type { Node, Program, ValueId } from "../program/program.ts";

/** An `add` that a product does on the way out: its output `value`, which nobody else reads, plus `into` is `sum`. */
export interface FoldedAdd {
  readonly value: ValueId;
  readonly into: ValueId;
  readonly sum: ValueId;
}

/**
 * How an engine that strings together library kernels departs from one node at a time. The Program stays what it is; nodes
 * are the keys.
 */
export interface FusionPlan {
  /** How often a value is read, as an output, a guard or the next state too. */
  readonly uses: ReadonlyMap<ValueId, number>;
  /** By the product's node. */
  readonly folded: ReadonlyMap<Node, FoldedAdd>;
  /** The `add` nodes that need not be run. */
  readonly skipped: ReadonlySet<Node>;
  /**
   * Adapters on one input, whose A's are applied as one matrix; in the gradient, the last of them does it for all. Every
   * loraLinear and loraLinearGrad node has its group, itself included.
   */
  readonly sharedInputGroups: ReadonlyMap<Node, readonly Node[]>;
  /** For values that `unflatten` made: the flat value, and where they lie in it. */
  readonly views: ReadonlyMap<ValueId, View>;
}

/** A stretch of a flat value. */
export interface View {
  readonly flat: ValueId;
  readonly offset: number;
  readonly length: number;
}

/** The output of a node to which the engine can add another value on the way out, for next to nothing; none otherwise. */
export type Summand = (node: Node) => ValueId | undefined;

export function planFusion(program: Program, summand: Summand): FusionPlan {
  const uses = countUses(program);
  const { folded, skipped } = foldAdds(program, uses, summand);
  const gradients = gradientGroups(program, (node) => folded.get(node)?.sum ?? summand(node), folded, uses);
  return {
    uses,
    folded,
    skipped,
    sharedInputGroups: new Map([...forwardGroups(program), ...gradients]),
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

function foldAdds(
  program: Program,
  uses: ReadonlyMap<ValueId, number>,
  summand: Summand,
): Pick<FusionPlan, "folded" | "skipped"> {
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
const dropoutMaskOf = (node: Node<"loraLinear" | "loraLinearGrad">, at: number): string =>
  node.attrs.dropout > 0 ? String(node.inputs[at]) : "";

function forwardGroups(program: Program): Map<Node, readonly Node[]> {
  const nodes = program.nodes.filter((node) => node.op === "loraLinear") as Node<"loraLinear">[];
  const groups = groupBy(nodes, (node) =>
    [node.inputs[0], dropoutMaskOf(node as Node<"loraLinear">, 4), node.scope, node.after].join(),
  );
  return new Map(groups.flatMap((group) => group.map((node) => [node, group] as const)));
}

/**
 * The last of a group adds the low-rank part of the input's gradient for all, so the others' gradients must end up in its
 * own sum and nowhere else.
 */
function gradientGroups(
  program: Program,
  resultOf: Summand,
  folded: ReadonlyMap<Node, FoldedAdd>,
  uses: ReadonlyMap<ValueId, number>,
): Map<Node, readonly Node[]> {
  const nodes = program.nodes.filter((node) => node.op === "loraLinearGrad") as Node<"loraLinearGrad">[];
  const adderOf = new Map([...folded].map(([node, { into }]) => [into, node]));
  const endsIn = (node: Node, last: Node): boolean => {
    for (let at: Node | undefined = node; at !== undefined; ) {
      if (at === last) return true;
      const result = resultOf(at);
      if (result === undefined || uses.get(result) !== 1) return false;
      at = adderOf.get(result);
    }
    return false;
  };
  const groups = groupBy(nodes, (node) =>
    [node.inputs[1], dropoutMaskOf(node as Node<"loraLinearGrad">, 6)].join(),
  );
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

function viewsOf(program: Program): FusionPlan["views"] {
  const views = new Map<ValueId, View>();
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

/** The stretch in which these values lie one behind the other; undefined when they do not. */
export function adjacentView(fusion: FusionPlan, ids: readonly ValueId[]): View | undefined {
  const views = ids.map((id) => fusion.views.get(id));
  const [first] = views;
  const adjacent = views.every((view, i) => {
    const before = views[i - 1];
    return i === 0 || (view?.flat === before?.flat && view?.offset === before!.offset + before!.length);
  });
  if (first === undefined || !adjacent) return undefined;
  return { ...first, length: views.reduce((sum, view) => sum + view!.length, 0) };
}
