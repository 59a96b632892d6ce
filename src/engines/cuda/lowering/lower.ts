import type { OpName } from "../../../ops/attrs.ts";
import { elements } from "../../../ops/definition.ts";
import { activationsOf } from "../../../program/precision.ts";
import type { Node, NodeOf, Program, ValueId } from "../../../program/program.ts";
import { type FusionPlan, type LoraOp, outputIn, planFusion } from "../../fusion.ts";
import { generateMask } from "../ops/dropout.ts";
import { LOWERINGS } from "../ops/index.ts";
import type { Lowering, NodeContext } from "../ops/lowering.ts";
import { withoutCasts } from "./casts.ts";
import { type BufferView, CommandList, type Matrix, type Vector } from "./commands.ts";
import { type FusedProjections, layOutMatrices, type MatrixLayout } from "./matrix-layout.ts";
import { StateUpdates, snapshotOf } from "./state.ts";
import { VectorLayout } from "./vector-layout.ts";
import { WeightBuffers } from "./weight-buffers.ts";

/** Device form of an input or output of a Program. */
export type DeviceValue =
  | { readonly kind: "matrix"; readonly matrix: Matrix }
  | { readonly kind: "vector"; readonly vector: Vector };

export const viewOf = (value: DeviceValue): BufferView =>
  value.kind === "matrix" ? value.matrix.view : value.vector.view;

/** Commands of one run of a Program, with its inputs and outputs in the Program's order. */
export interface LoweredProgram {
  readonly list: CommandList;
  readonly inputs: readonly DeviceValue[];
  readonly outputs: readonly DeviceValue[];
  /** 1 when every guard is finite; undefined without guards. */
  readonly finite: Vector | undefined;
}

/** Outputs to which a command can add another matrix. */
const fusable = outputIn("gemmOutput", "sumOutput");

/** Lowers a Program whose sizes are all numbers. */
export const lowerProgram = (program: Program): LoweredProgram => new Lowerer(program).lower();

class Lowerer {
  readonly #program: Program;
  readonly #fusion: FusionPlan;
  readonly #matrices: ReadonlySet<ValueId>;
  readonly #matrixLayout: MatrixLayout;
  readonly #vectorLayout: VectorLayout;
  readonly #list = new CommandList();
  readonly #weights: WeightBuffers;
  /**
   * Input gradients of fused projections other than the leader's. The leader computes the whole sum, so each of them is an alias of
   * its addend, or zero (undefined).
   */
  readonly #addendAliases = new Map<ValueId, ValueId | undefined>();

  constructor(program: Program) {
    const symbol = program.values.find(({ shape }) => shape.some((d) => typeof d === "string"));
    if (symbol !== undefined) throw new Error(`cuda engine: ${symbol.name} has a symbolic size`);
    this.#program = withoutCasts(program);
    this.#fusion = planFusion(this.#program, fusable);
    this.#matrices = activationsOf(this.#program);
    this.#matrixLayout = layOutMatrices(this.#program, this.#fusion);
    this.#vectorLayout = new VectorLayout(this.#program, this.#matrices);
    this.#weights = new WeightBuffers(this.#program, this.#list, this.#vectorLayout);
  }

  lower(): LoweredProgram {
    const { inputs, outputs, nodes, state } = this.#program;
    const { finite } = this.#vectorLayout;
    const updates = new StateUpdates(this.#program, this.#fusion.uses);
    for (const node of nodes) {
      if (!this.#fusion.skipped.has(node) && !updates.defers(node)) this.#lowerNode(node);
    }
    // An output that is a state value is read before the update.
    const states = new Set(state.map(({ value }) => value));
    const snapshots = new Map(
      outputs.filter((id) => states.has(id)).map((id) => [id, snapshotOf(this.#list, this.#vector(id))]),
    );
    updates.finish(this.#list, (id) => this.#vector(id), finite);
    this.#weights.placeFactors();
    return {
      list: this.#list,
      inputs: inputs.map((id) => this.#deviceValue(id)),
      outputs: outputs.map((id): DeviceValue => {
        const snapshot = snapshots.get(id);
        return snapshot === undefined ? this.#deviceValue(id) : { kind: "vector", vector: snapshot };
      }),
      finite: finite?.flag,
    };
  }

  #lowerNode<Op extends OpName>(node: NodeOf<Op>): void {
    this.#list.op = node.op;
    (LOWERINGS[node.op] as unknown as Lowering<Op>)(this.#context(node));
  }

  #context<Op extends OpName>(node: NodeOf<Op>): NodeContext<Op> {
    const folded = this.#fusion.folded.get(node as unknown as Node);
    const inputs = node.inputs as Readonly<Record<string, ValueId>>;
    const outputs = node.outputs as Readonly<Record<string, ValueId>>;
    const sumOf = (id: ValueId): ValueId => (folded?.value === id ? folded.sum : id);
    const projections = () => this.#matrixLayout.fusedProjections.get(node as unknown as Node)!;
    return {
      list: this.#list,
      node,
      attrs: node.attrs,
      matrix: (name) => this.#matrix(inputs[name]!),
      vector: (name) => this.#vector(inputs[name]!),
      dropoutMask: (name) => this.#dropoutMask(inputs[name]!),
      weight: (name) => this.#weights.matrix(inputs[name]!),
      weightVector: (name) => this.#weights.vector([inputs[name]!], [elements(this.#shape(inputs[name]!))]),
      out: (name) => this.#matrix(sumOf(outputs[name]!)),
      outVector: (name) => this.#vector(outputs[name]!),
      shape: (name) => this.#shape(inputs[name]!),
      isRead: (name) => (this.#fusion.uses.get(outputs[name]!) ?? 0) > 0,
      addend: () => (folded === undefined ? undefined : this.#addend(folded.into)),
      vectorOf: (id) => this.#vector(id),
      matrixOf: (id) => this.#matrix(id),
      lora: {
        projections: () => projections() as unknown as FusedProjections<Extract<Op, LoraOp>>,
        weight: () => this.#weights.fusedWeight(projections()),
        bias: () => this.#weights.fusedBias(projections()),
        aliasToAddend: () => {
          const result = folded?.sum ?? fusable(node as unknown as Node);
          if (result !== undefined) this.#addendAliases.set(result, folded?.into);
        },
        matrixOf: (id) => this.#matrix(id),
        vectorOf: (id) => this.#vector(id),
      },
    };
  }

  #dropoutMask(id: ValueId): Vector {
    const { mask } = this.#program.values[id]!;
    const fed = this.#vector(id);
    return mask === undefined ? fed : generateMask(this.#list, fed, mask, elements(this.#shape(id)));
  }

  #addend(id: ValueId): Matrix | undefined {
    if (!this.#addendAliases.has(id)) return this.#matrix(id);
    const alias = this.#addendAliases.get(id);
    return alias === undefined ? undefined : this.#addend(alias);
  }

  #matrix(id: ValueId): Matrix {
    return this.#matrixLayout.matrix(id);
  }

  #vector(id: ValueId): Vector {
    return this.#vectorLayout.vector(id);
  }

  #deviceValue(id: ValueId): DeviceValue {
    if (this.#matrices.has(id)) return { kind: "matrix", matrix: this.#matrix(id) };
    return { kind: "vector", vector: this.#vector(id) };
  }

  #shape(id: ValueId): readonly number[] {
    return this.#program.values[id]!.shape as readonly number[];
  }
}
