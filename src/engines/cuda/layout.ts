import type { Node, Program, ValueId } from "../../program/program.ts";
import type { FusionPlan } from "../fusion.ts";
import { columns, type Matrix, padded, type Room } from "./commands.ts";

/** Projections on one input that are done as one product, in the order of the Program's weights. Gradient nodes have theirs too. */
export interface LoraUnit<Op extends "loraLinear" | "loraLinearGrad" = "loraLinear" | "loraLinearGrad"> {
  readonly nodes: readonly Node<Op>[];
  /** The node at whose turn the unit is done: the first forward, the last backward. */
  readonly turn: Node;
  /** Each node's rank rounded up to eight. */
  readonly ranks: readonly number[];
  /** Their sum: width of the tail. */
  readonly tail: number;
  /**
   * The left operand, [T, width + tail], whose tail takes the low-rank activations: forward the input x and x Aᵀ, backward
   * [dy of each node] and scale dy B.
   */
  readonly operand: Matrix;
  readonly operandTail: Matrix;
  /** The values have to be copied into the operand first, because they lie elsewhere. */
  readonly copied: boolean;
}

/** A matrix in which one or several values lie side by side, before its width is settled. */
interface Panel {
  readonly rows: number;
  width: number;
  tail: number;
  readonly feed: boolean;
  /** Values that lie in it from different columns on. */
  slices: number;
}
interface Slice {
  readonly panel: Panel;
  readonly column: number;
}

/** Where all values that are bf16 matrices lie. */
export interface Layout {
  matrix(id: ValueId): Matrix;
  readonly units: ReadonlyMap<Node, LoraUnit>;
}

/**
 * Places the matrices: outputs of sibling projections side by side, so that one product makes them; their gradients too, so
 * that one product takes them; a tail behind whatever is multiplied by an adapted weight; a rotation onto its input where
 * nobody else reads that.
 */
export function layOut(program: Program, fusion: FusionPlan): Layout {
  return new LayoutMaker(program, fusion).make();
}

class LayoutMaker {
  readonly #program: Program;
  readonly #fusion: FusionPlan;
  readonly #made = new Set<ValueId>();
  readonly #slices = new Map<ValueId, Slice>();
  readonly #rooms = new Map<Panel, Room>();
  readonly #units: (Pick<LoraUnit, "turn" | "copied"> & {
    readonly group: readonly Node[];
    readonly operand: Slice;
    readonly column: number;
  })[] = [];

  constructor(program: Program, fusion: FusionPlan) {
    this.#program = program;
    this.#fusion = fusion;
    for (const { outputs } of program.nodes) for (const id of outputs) this.#made.add(id);
  }

  make(): Layout {
    for (const group of this.#groups("loraLinear")) this.#placeForward(group);
    for (const group of this.#groups("loraLinearGrad")) this.#placeGradient(group);
    for (const node of this.#program.nodes) if (node.op === "rope") this.#placeRotation(node);
    const units = this.#units.flatMap(({ group, turn, operand, column, copied }) => {
      const ranks = group.map((node) => padded(this.#rank(node)));
      const tail = ranks.reduce((sum, rank) => sum + rank, 0);
      const whole = this.#matrixOf(operand, operand.panel.width);
      const unit = {
        nodes: group as LoraUnit["nodes"],
        turn,
        ranks,
        tail,
        operand: whole,
        operandTail: columns(whole, column, tail),
        copied,
      };
      return group.map((node): [Node, LoraUnit] => [node, unit]);
    });
    const low = this.#lowSlices(new Map(units));
    return {
      units: new Map(units),
      matrix: (id) => low.get(id) ?? this.#matrixOf(this.#slice(id), this.#size(id).width),
    };
  }

  /** Sibling groups; one by one where a sum has to be made of one of several results. */
  #groups(op: "loraLinear" | "loraLinearGrad"): (readonly Node[])[] {
    const groups = new Set<readonly Node[]>();
    for (const node of this.#program.nodes)
      if (node.op === op) groups.add(this.#fusion.sharedInputGroups.get(node)!);
    const together = (group: readonly Node[]): boolean =>
      op === "loraLinearGrad" || !group.some((node) => this.#fusion.folded.has(node));
    return [...groups].flatMap((group) => (together(group) ? [group] : group.map((node) => [node])));
  }

  #placeForward(group: readonly Node[]): void {
    const nodes = this.#inWeightOrder(group, 1);
    const x = group[0]!.inputs[0]!;
    const outputs = nodes.map((node) => node.outputs[0]!);
    if (nodes.length > 1) this.#sideBySide(outputs, this.#size(x).rows);
    this.#addUnit(nodes, group[0]!, [x]);
  }

  #placeGradient(group: readonly Node[]): void {
    const nodes = this.#inWeightOrder(group, 2);
    const gradients = nodes.map((node) => node.inputs[0]!);
    const free = (id: ValueId): boolean => this.#made.has(id) && !this.#slices.has(id);
    if (nodes.length > 1 && gradients.every(free) && new Set(gradients).size === gradients.length) {
      this.#sideBySide(gradients, this.#size(gradients[0]!).rows);
    }
    this.#addUnit(nodes, group.at(-1)!, gradients);
  }

  #inWeightOrder(group: readonly Node[], weight: number): Node[] {
    const place = (node: Node): number => this.#program.weights.indexOf(node.inputs[weight]!);
    return group.toSorted((a, b) => place(a) - place(b));
  }

  /** With a tail behind the values, in their own panel if they fill one, else in a copy. */
  #addUnit(group: readonly Node[], turn: Node, values: readonly ValueId[]): void {
    const tail = group.reduce((sum, node) => sum + padded(this.#rank(node)), 0);
    const [first, ...others] = values.map((id) => this.#slice(id)) as [Slice, ...Slice[]];
    const fills =
      first.column === 0 &&
      first.panel.slices === values.length &&
      others.every(({ panel }) => panel === first.panel);
    const width = values.reduce((sum, id) => sum + padded(this.#size(id).width), 0);
    const operand: Slice = fills ? first : { panel: this.#panel(first.panel.rows, width), column: 0 };
    const column = operand.panel.width + operand.panel.tail;
    operand.panel.tail += tail;
    this.#units.push({ group, turn, operand, column, copied: !fills });
  }

  #sideBySide(ids: readonly ValueId[], rows: number): void {
    const panel = this.#panel(rows, 0);
    panel.slices = ids.length;
    for (const id of ids) {
      this.#slices.set(id, { panel, column: panel.width });
      panel.width += padded(this.#size(id).width);
    }
  }

  #placeRotation({ inputs, outputs }: Node): void {
    const [from, to] = [inputs[0]!, outputs[0]!];
    if (!this.#made.has(from) || this.#fusion.uses.get(from) !== 1) return;
    const [placedFrom, placedTo] = [this.#slices.get(from), this.#slices.get(to)];
    if (placedFrom !== undefined && placedTo !== undefined) return;
    const slice = placedFrom ?? placedTo ?? this.#slice(from);
    this.#slices.set(from, slice);
    this.#slices.set(to, slice);
  }

  /** The low-rank activations of a forward unit lie in the tail of its input. */
  #lowSlices(units: ReadonlyMap<Node, LoraUnit>): Map<ValueId, Matrix> {
    const low = new Map<ValueId, Matrix>();
    for (const { nodes, ranks, operandTail } of new Set(units.values())) {
      let from = 0;
      for (const [i, node] of nodes.entries()) {
        if (node.op === "loraLinear") low.set(node.outputs[1]!, columns(operandTail, from, this.#rank(node)));
        from += ranks[i]!;
      }
    }
    return low;
  }

  #rank(node: Node): number {
    return this.#program.values[node.inputs[node.op === "loraLinear" ? 2 : 3]!]!.shape[0] as number;
  }

  #panel(rows: number, width: number, feed = false): Panel {
    return { rows, width: padded(width), tail: 0, feed, slices: 1 };
  }

  #slice(id: ValueId): Slice {
    const known = this.#slices.get(id);
    if (known !== undefined) return known;
    const { rows, width } = this.#size(id);
    const slice = { panel: this.#panel(rows, width, !this.#made.has(id)), column: 0 };
    this.#slices.set(id, slice);
    return slice;
  }

  #matrixOf({ panel, column }: Slice, width: number): Matrix {
    const ld = panel.width + panel.tail;
    const room: Room = this.#rooms.get(panel) ?? {
      bytes: 2 * panel.rows * ld,
      place: { kind: panel.feed ? "feed" : "arena" },
    };
    this.#rooms.set(panel, room);
    return { at: { room, offset: 2 * column }, rows: panel.rows, width, ld };
  }

  #size(id: ValueId): { rows: number; width: number } {
    return sizeOf(this.#program, id);
  }
}

/** A value as a matrix: all of its sizes but the last in one. */
export function sizeOf(program: Program, id: ValueId): { readonly rows: number; readonly width: number } {
  const shape = program.values[id]!.shape as readonly number[];
  return { rows: shape.slice(0, -1).reduce((product, d) => product * d, 1), width: shape.at(-1)! };
}
