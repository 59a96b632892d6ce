import { type Node, type NodeOf, outputsOf, type Program, type ValueId } from "../../program/program.ts";
import type { FusionPlan, LoraOp } from "../fusion.ts";
import { columns, type DeviceBuffer, type Matrix, padded } from "./commands.ts";

/** Projections on one input that are done as one product, in the order of the Program's weights. Gradient nodes have theirs too. */
export interface FusedProjections<Op extends LoraOp = LoraOp> {
  readonly nodes: readonly Node<Op>[];
  /** The node at whose turn the unit is done: the first forward, the last backward. */
  readonly leader: Node;
  /** Each node's rank rounded up to eight. */
  readonly ranks: readonly number[];
  /** Their sum: width of the tail. */
  readonly loraColumns: number;
  /**
   * The left operand, [T, width + tail], whose tail takes the low-rank activations: forward the input x and x Aᵀ, backward
   * [dy of each node] and scale dy B.
   */
  readonly operand: Matrix;
  readonly operandLora: Matrix;
  /** The values have to be copied into the operand first, because they lie elsewhere. */
  readonly copiesInputs: boolean;
}

/** A matrix in which one or several values lie side by side, before its width is settled. */
interface PackedLayout {
  readonly rows: number;
  width: number;
  loraColumns: number;
  readonly feed: boolean;
  /** Values that lie in it from different columns on. */
  slices: number;
}
interface ColumnSlice {
  readonly packed: PackedLayout;
  readonly column: number;
}

/** Where all values that are bf16 matrices lie. */
export interface MatrixLayout {
  matrix(id: ValueId): Matrix;
  readonly fusedProjections: ReadonlyMap<Node, FusedProjections>;
}

/**
 * Places the matrices: outputs of sibling projections side by side, so that one product makes them; their gradients too, so
 * that one product takes them; a tail behind whatever is multiplied by an adapted weight; a rotation onto its input where
 * nobody else reads that.
 */
export function layOutMatrices(program: Program, fusion: FusionPlan): MatrixLayout {
  return new LayoutBuilder(program, fusion).make();
}

class LayoutBuilder {
  readonly #program: Program;
  readonly #fusion: FusionPlan;
  readonly #made = new Set<ValueId>();
  readonly #slices = new Map<ValueId, ColumnSlice>();
  readonly #buffers = new Map<PackedLayout, DeviceBuffer>();
  readonly #fusedProjections: (Pick<FusedProjections, "leader" | "copiesInputs"> & {
    readonly group: readonly Node<LoraOp>[];
    readonly operand: ColumnSlice;
    readonly column: number;
  })[] = [];

  constructor(program: Program, fusion: FusionPlan) {
    this.#program = program;
    this.#fusion = fusion;
    for (const node of program.nodes) for (const id of outputsOf(node)) this.#made.add(id);
  }

  make(): MatrixLayout {
    const { nodes } = this.#program;
    const forward = nodes.filter((node) => node.op === "loraLinear");
    // A sum has to be made of one of several results.
    const folds = (node: Node): boolean => this.#fusion.folded.has(node);
    for (const group of this.#groups(forward, folds)) this.#placeForward(group);
    const backward = nodes.filter((node) => node.op === "loraLinearGrad");
    for (const group of this.#groups(backward, () => false)) this.#placeGradient(group);
    for (const node of this.#program.nodes) if (node.op === "rope") this.#placeRotation(node);
    const fusedProjections = this.#fusedProjections.flatMap(
      ({ group, leader, operand, column, copiesInputs }) => {
        const ranks = group.map((node) => padded(this.#rank(node)));
        const loraColumns = ranks.reduce((sum, rank) => sum + rank, 0);
        const whole = this.#matrixOf(operand, operand.packed.width);
        const projections = {
          nodes: group,
          leader,
          ranks,
          loraColumns,
          operand: whole,
          operandLora: columns(whole, column, loraColumns),
          copiesInputs,
        };
        return group.map((node): [Node, FusedProjections] => [node, projections]);
      },
    );
    const loraHidden = this.#loraHiddenSlices(new Map(fusedProjections));
    return {
      fusedProjections: new Map(fusedProjections),
      matrix: (id) => loraHidden.get(id) ?? this.#matrixOf(this.#slice(id), this.#size(id).width),
    };
  }

  /** Shared-input groups of the nodes; `splits` tells which nodes cannot be computed together with others. */
  #groups<Op extends LoraOp>(
    nodes: readonly NodeOf<Op>[],
    splits: (node: NodeOf<Op>) => boolean,
  ): (readonly NodeOf<Op>[])[] {
    const groups = new Set(nodes.map((node) => this.#fusion.sharedInputGroup(node)));
    return [...groups].flatMap((group) => (group.some(splits) ? group.map((node) => [node]) : [group]));
  }

  #placeForward(group: readonly Node<"loraLinear">[]): void {
    const nodes = this.#inWeightOrder(group);
    const { x } = group[0]!.inputs;
    const outputs = nodes.map((node) => node.outputs.y);
    if (nodes.length > 1) this.#sideBySide(outputs, this.#size(x).rows);
    this.#addFusedProjections(nodes, group[0]!, [x]);
  }

  #placeGradient(group: readonly Node<"loraLinearGrad">[]): void {
    const nodes = this.#inWeightOrder(group);
    const gradients = nodes.map((node) => node.inputs.dy);
    const free = (id: ValueId): boolean => this.#made.has(id) && !this.#slices.has(id);
    if (nodes.length > 1 && gradients.every(free) && new Set(gradients).size === gradients.length) {
      this.#sideBySide(gradients, this.#size(gradients[0]!).rows);
    }
    this.#addFusedProjections(nodes, group.at(-1)!, gradients);
  }

  #inWeightOrder<T extends Node<LoraOp>>(group: readonly T[]): T[] {
    const place = ({ inputs }: T): number => this.#program.weights.indexOf(inputs.weight);
    return group.toSorted((a, b) => place(a) - place(b));
  }

  /** With a tail behind the values, in their own panel if they fill one, else in a copy. */
  #addFusedProjections(group: readonly Node<LoraOp>[], leader: Node, values: readonly ValueId[]): void {
    const loraColumns = group.reduce((sum, node) => sum + padded(this.#rank(node)), 0);
    const [first, ...others] = values.map((id) => this.#slice(id)) as [ColumnSlice, ...ColumnSlice[]];
    const fills =
      first.column === 0 &&
      first.packed.slices === values.length &&
      others.every(({ packed }) => packed === first.packed);
    const width = values.reduce((sum, id) => sum + padded(this.#size(id).width), 0);
    const operand: ColumnSlice = fills
      ? first
      : { packed: this.#packedLayout(first.packed.rows, width), column: 0 };
    const column = operand.packed.width + operand.packed.loraColumns;
    operand.packed.loraColumns += loraColumns;
    this.#fusedProjections.push({ group, leader, operand, column, copiesInputs: !fills });
  }

  #sideBySide(ids: readonly ValueId[], rows: number): void {
    const packed = this.#packedLayout(rows, 0);
    packed.slices = ids.length;
    for (const id of ids) {
      this.#slices.set(id, { packed, column: packed.width });
      packed.width += padded(this.#size(id).width);
    }
  }

  #placeRotation({ inputs: { x: from }, outputs: { y: to } }: Node<"rope">): void {
    if (!this.#made.has(from) || this.#fusion.uses.get(from) !== 1) return;
    const [placedFrom, placedTo] = [this.#slices.get(from), this.#slices.get(to)];
    if (placedFrom !== undefined && placedTo !== undefined) return;
    const slice = placedFrom ?? placedTo ?? this.#slice(from);
    this.#slices.set(from, slice);
    this.#slices.set(to, slice);
  }

  /** The low-rank activations of a forward unit lie in the tail of its input. */
  #loraHiddenSlices(fusedProjections: ReadonlyMap<Node, FusedProjections>): Map<ValueId, Matrix> {
    const loraHidden = new Map<ValueId, Matrix>();
    for (const { nodes, ranks, operandLora } of new Set(fusedProjections.values())) {
      let from = 0;
      for (const [i, node] of nodes.entries()) {
        if (node.op === "loraLinear")
          loraHidden.set(node.outputs.loraHidden, columns(operandLora, from, this.#rank(node)));
        from += ranks[i]!;
      }
    }
    return loraHidden;
  }

  #rank({ inputs }: Node<LoraOp>): number {
    return this.#program.values[inputs.A]!.shape[0] as number;
  }

  #packedLayout(rows: number, width: number, feed = false): PackedLayout {
    return { rows, width: padded(width), loraColumns: 0, feed, slices: 1 };
  }

  #slice(id: ValueId): ColumnSlice {
    const known = this.#slices.get(id);
    if (known !== undefined) return known;
    const { rows, width } = this.#size(id);
    const slice = { packed: this.#packedLayout(rows, width, !this.#made.has(id)), column: 0 };
    this.#slices.set(id, slice);
    return slice;
  }

  #matrixOf({ packed, column }: ColumnSlice, width: number): Matrix {
    const ld = packed.width + packed.loraColumns;
    const buffer: DeviceBuffer = this.#buffers.get(packed) ?? {
      bytes: 2 * packed.rows * ld,
      storage: { kind: packed.feed ? "feed" : "arena" },
    };
    this.#buffers.set(packed, buffer);
    return { view: { buffer, offset: 2 * column }, rows: packed.rows, width, ld };
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
