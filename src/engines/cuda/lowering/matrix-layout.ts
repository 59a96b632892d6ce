import { type Node, type NodeOf, outputsOf, type Program, type ValueId } from "../../../program/program.ts";
import type { FusionPlan, LoraOp } from "../../fusion.ts";
import { columnSlice, type DeviceBuffer, type Matrix } from "./commands.ts";
import { padded } from "./weights.ts";

/** Projections with a shared input computed by one GEMM, in the order of the Program's weights; likewise their gradient nodes. */
export interface FusedProjections<Op extends LoraOp = LoraOp> {
  readonly nodes: readonly Node<Op>[];
  /** Node whose lowering emits the commands for all: the first forward, the last backward. */
  readonly leader: Node;
  /** Each node's rank rounded up to eight. */
  readonly ranks: readonly number[];
  /** Sum of `ranks`: number of LoRA columns behind the operand. */
  readonly loraColumns: number;
  /**
   * Left operand of the GEMM, [T, width] with `loraColumns` more columns behind it: forward the input x and x Aᵀ, backward the
   * concatenated dy and s = scale dy B.
   */
  readonly operand: Matrix;
  /** Slice of the LoRA columns. */
  readonly operandLora: Matrix;
  /** True if the operand's values are stored elsewhere and must be copied into it. */
  readonly copiesInputs: boolean;
}

/** A matrix under construction that holds one or several values in adjacent columns. */
interface PackedLayout {
  readonly rows: number;
  width: number;
  loraColumns: number;
  readonly isFed: boolean;
  /** Number of values in adjacent columns. */
  valueCount: number;
}
/** A value in a packed layout, from `column` on. */
interface ColumnSlice {
  readonly packed: PackedLayout;
  readonly column: number;
}

/** Buffers of all values that are bf16 matrices. */
export interface MatrixLayout {
  matrix(id: ValueId): Matrix;
  readonly fusedProjections: ReadonlyMap<Node, FusedProjections>;
}

/**
 * Places the matrices. Outputs of projections with a shared input are adjacent columns, so that one GEMM writes them; so are their
 * gradients, so that one GEMM reads them. LoRA columns follow every operand of an adapted weight. A rotation is in place if it is
 * its input's only reader.
 */
export function layOutMatrices(program: Program, fusion: FusionPlan): MatrixLayout {
  return new LayoutBuilder(program, fusion).make();
}

class LayoutBuilder {
  readonly #program: Program;
  readonly #fusion: FusionPlan;
  readonly #produced = new Set<ValueId>();
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
    for (const node of program.nodes) for (const id of outputsOf(node)) this.#produced.add(id);
  }

  make(): MatrixLayout {
    const { nodes } = this.#program;
    const forward = nodes.filter((node) => node.op === "loraLinear");
    // A GEMM with a fused addition has one output.
    const folds = (node: Node): boolean => this.#fusion.folded.has(node);
    for (const group of this.#groups(forward, folds)) this.#placeForward(group);
    const backward = nodes.filter((node) => node.op === "loraLinearGrad");
    for (const group of this.#groups(backward, () => false)) this.#placeGradient(group);
    for (const node of this.#program.nodes) if (node.op === "rope") this.#placeRotation(node);
    const fusedProjections = this.#fusedProjections.flatMap(
      ({ group, leader, operand, column, copiesInputs }) => {
        const ranks = group.map((node) => padded(this.#rank(node)));
        const loraColumns = ranks.reduce((sum, rank) => sum + rank, 0);
        const full = this.#matrixOf(operand, operand.packed.width);
        const projections = {
          nodes: group,
          leader,
          ranks,
          loraColumns,
          operand: full,
          operandLora: columnSlice(full, column, loraColumns),
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
    if (nodes.length > 1) this.#packColumns(outputs, this.#size(x).rows);
    this.#addFusedProjections(nodes, group[0]!, [x]);
  }

  #placeGradient(group: readonly Node<"loraLinearGrad">[]): void {
    const nodes = this.#inWeightOrder(group);
    const gradients = nodes.map((node) => node.inputs.dy);
    const free = (id: ValueId): boolean => this.#produced.has(id) && !this.#slices.has(id);
    if (nodes.length > 1 && gradients.every(free) && new Set(gradients).size === gradients.length) {
      this.#packColumns(gradients, this.#size(gradients[0]!).rows);
    }
    this.#addFusedProjections(nodes, group.at(-1)!, gradients);
  }

  #inWeightOrder<T extends Node<LoraOp>>(group: readonly T[]): T[] {
    const position = ({ inputs }: T): number => this.#program.weights.indexOf(inputs.weight);
    return group.toSorted((a, b) => position(a) - position(b));
  }

  /** Appends LoRA columns behind the values: in their own layout if they are all of it, else in a copy. */
  #addFusedProjections(group: readonly Node<LoraOp>[], leader: Node, values: readonly ValueId[]): void {
    const loraColumns = group.reduce((sum, node) => sum + padded(this.#rank(node)), 0);
    const [first, ...others] = values.map((id) => this.#slice(id)) as [ColumnSlice, ...ColumnSlice[]];
    const isWholeLayout =
      first.column === 0 &&
      first.packed.valueCount === values.length &&
      others.every(({ packed }) => packed === first.packed);
    const width = values.reduce((sum, id) => sum + padded(this.#size(id).width), 0);
    const operand: ColumnSlice = isWholeLayout
      ? first
      : { packed: this.#packedLayout(first.packed.rows, width), column: 0 };
    const column = operand.packed.width + operand.packed.loraColumns;
    operand.packed.loraColumns += loraColumns;
    this.#fusedProjections.push({ group, leader, operand, column, copiesInputs: !isWholeLayout });
  }

  #packColumns(ids: readonly ValueId[], rows: number): void {
    const packed = this.#packedLayout(rows, 0);
    packed.valueCount = ids.length;
    for (const id of ids) {
      this.#slices.set(id, { packed, column: packed.width });
      packed.width += padded(this.#size(id).width);
    }
  }

  #placeRotation({ inputs: { x: from }, outputs: { y: to } }: Node<"rope">): void {
    if (!this.#produced.has(from) || this.#fusion.uses.get(from) !== 1) return;
    const [placedFrom, placedTo] = [this.#slices.get(from), this.#slices.get(to)];
    if (placedFrom !== undefined && placedTo !== undefined) return;
    const slice = placedFrom ?? placedTo ?? this.#slice(from);
    this.#slices.set(from, slice);
    this.#slices.set(to, slice);
  }

  /** The low-rank activations xA of forward projections are slices of their operand's LoRA columns. */
  #loraHiddenSlices(fusedProjections: ReadonlyMap<Node, FusedProjections>): Map<ValueId, Matrix> {
    const loraHidden = new Map<ValueId, Matrix>();
    for (const { nodes, ranks, operandLora } of new Set(fusedProjections.values())) {
      let from = 0;
      for (const [i, node] of nodes.entries()) {
        if (node.op === "loraLinear")
          loraHidden.set(node.outputs.loraHidden, columnSlice(operandLora, from, this.#rank(node)));
        from += ranks[i]!;
      }
    }
    return loraHidden;
  }

  #rank({ inputs }: Node<LoraOp>): number {
    return this.#program.values[inputs.A]!.shape[0] as number;
  }

  #packedLayout(rows: number, width: number, isFed = false): PackedLayout {
    return { rows, width: padded(width), loraColumns: 0, isFed, valueCount: 1 };
  }

  #slice(id: ValueId): ColumnSlice {
    const known = this.#slices.get(id);
    if (known !== undefined) return known;
    const { rows, width } = this.#size(id);
    const slice = { packed: this.#packedLayout(rows, width, !this.#produced.has(id)), column: 0 };
    this.#slices.set(id, slice);
    return slice;
  }

  #matrixOf({ packed, column }: ColumnSlice, width: number): Matrix {
    const ld = packed.width + packed.loraColumns;
    const buffer: DeviceBuffer = this.#buffers.get(packed) ?? {
      bytes: 2 * packed.rows * ld,
      storage: { kind: packed.isFed ? "feed" : "arena" },
    };
    this.#buffers.set(packed, buffer);
    return { view: { buffer, offset: 2 * column }, rows: packed.rows, width, ld };
  }

  #size(id: ValueId): { rows: number; width: number } {
    return matrixSize(this.#program, id);
  }
}

/** Size of a value as a matrix: the last dimension is the width, the product of the others the rows. */
export function matrixSize(program: Program, id: ValueId): { readonly rows: number; readonly width: number } {
  const shape = program.values[id]!.shape as readonly number[];
  return { rows: shape.slice(0, -1).reduce((product, d) => product * d, 1), width: shape.at(-1)! };
}
