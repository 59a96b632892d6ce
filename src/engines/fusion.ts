import { outputRoles, type Role } from "../ops/signatures.ts";
import {
  inputsOf,
  type Node,
  type NodeOf,
  outputsOf,
  type Program,
  type ValueId,
} from "../program/program.ts";

/** An `add` fused into a product: `sum` = the product's output `value`, which nothing else reads, + `into`. */
export interface FoldedAdd {
  readonly value: ValueId;
  readonly into: ValueId;
  readonly sum: ValueId;
}

/**
 * Nodes that an engine computes together. The Program is unchanged; nodes are the keys.
 */
export interface FusionPlan {
  /** Number of reads of a value, including as an output, a guard or the next state. */
  readonly uses: ReadonlyMap<ValueId, number>;
  /** By the product's node. */
  readonly folded: ReadonlyMap<Node, FoldedAdd>;
  /** `add` nodes that need not be run. */
  readonly skipped: ReadonlySet<Node>;
  /**
   * Adapters on one input, whose A's are applied as one matrix. In the gradient, the last of the group does it for all.
   * The group includes the node itself.
   */
  sharedInputGroup<Op extends LoraOp>(node: NodeOf<Op>): readonly NodeOf<Op>[];
  /** For values that `unflatten` made: their slice of the flat value. */
  readonly views: ReadonlyMap<ValueId, View>;
}

export type LoraOp = "loraLinear" | "loraLinearGrad";

/** A slice of a flat value. */
export interface View {
  readonly flat: ValueId;
  readonly offset: number;
  readonly length: number;
}

/** Output into which the engine can fuse an addition (GEMM epilogue), or undefined. */
export type FusableOutput = (node: Node) => ValueId | undefined;

/** The output of a node in one of these roles. */
export const outputIn =
  (...roles: Role[]): FusableOutput =>
  (node) => {
    const found = outputRoles(node.op).find(([, role]) => roles.includes(role));
    return found && (node.outputs as Partial<Record<string, ValueId>>)[found[0]];
  };

export function planFusion(program: Program, fusable: FusableOutput): FusionPlan {
  const uses = countUses(program);
  const { folded, skipped } = foldAdds(program, uses, fusable);
  const gradients = gradientGroups(program, (node) => folded.get(node)?.sum ?? fusable(node), folded, uses);
  const groups = new Map<Node, readonly Node[]>([...forwardGroups(program), ...gradients]);
  return {
    uses,
    folded,
    skipped,
    sharedInputGroup: <Op extends LoraOp>(node: NodeOf<Op>) =>
      groups.get(node as unknown as Node) as unknown as readonly NodeOf<Op>[],
    views: viewsOf(program),
  };
}

function countUses(program: Program): Map<ValueId, number> {
  const uses = new Map<ValueId, number>();
  const use = (id: ValueId): unknown => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const node of program.nodes) for (const id of inputsOf(node)) use(id);
  for (const id of [...program.outputs, ...program.guards, ...program.state.map((slot) => slot.next)])
    use(id);
  return uses;
}

function foldAdds(
  program: Program,
  uses: ReadonlyMap<ValueId, number>,
  fusable: FusableOutput,
): Pick<FusionPlan, "folded" | "skipped"> {
  const folded = new Map<Node, FoldedAdd>();
  const skipped = new Set<Node>();
  const made = new Map<ValueId, number>();
  for (const [i, node] of program.nodes.entries()) {
    for (const id of outputsOf(node)) made.set(id, i);
    if (node.op !== "add" || node.after !== undefined) continue;
    const { a, b } = node.inputs;
    for (const [value, into] of [
      [a, b],
      [b, a],
    ] as const) {
      const at = made.get(value);
      if (at === undefined || uses.get(value) !== 1 || (made.get(into) ?? -1) >= at) continue;
      const producer = program.nodes[at]!;
      if (fusable(producer) !== value || folded.has(producer)) continue;
      folded.set(producer, { value, into, sum: node.outputs.y });
      skipped.add(node);
      made.set(node.outputs.y, at);
      break;
    }
  }
  return { folded, skipped };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}

/** Adapters on one input with one dropout mask. */
function forwardGroups(program: Program) {
  const nodes = program.nodes.filter((node) => node.op === "loraLinear");
  const groups = groupBy(nodes, ({ inputs, scope, after }) =>
    [inputs.x, inputs.dropoutMask, scope, after].join(),
  );
  return groups.flatMap((group) => group.map((node): [Node, readonly Node[]] => [node, group]));
}

/**
 * The last of a group adds the low-rank part of the input's gradient for all, so the others' gradients must contribute to
 * its own sum and to nothing else.
 */
function gradientGroups(
  program: Program,
  resultOf: FusableOutput,
  folded: ReadonlyMap<Node, FoldedAdd>,
  uses: ReadonlyMap<ValueId, number>,
) {
  const nodes = program.nodes.filter((node) => node.op === "loraLinearGrad");
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
  const groups = groupBy(nodes, ({ inputs }) => [inputs.x, inputs.dropoutMask].join());
  return groups.flatMap((group) => {
    const last = group.at(-1)!;
    const whole = group.every((node) => !node.attrs.needsInput || endsIn(node, last));
    return group.map((node): [Node, readonly Node[]] => [node, whole ? group : [node]]);
  });
}

function viewsOf(program: Program): FusionPlan["views"] {
  const views = new Map<ValueId, View>();
  for (const node of program.nodes) {
    if (node.op !== "unflatten") continue;
    let offset = 0;
    for (const [i, shape] of node.attrs.shapes.entries()) {
      const length = shape.reduce((n, d) => n * d, 1);
      views.set(node.outputs.parts[i]!, { flat: node.inputs.flat, offset, length });
      offset += length;
    }
  }
  return views;
}

/** One slice that holds all these values, in order; undefined when they are not adjacent. */
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
