import type { OpName } from "../../ops/attrs.ts";
import { elements } from "../../ops/definition.ts";
import { activationsOf } from "../../program/precision.ts";
import type { Node, NodeOf, Program, ValueId } from "../../program/program.ts";
import { type FusionPlan, type LoraOp, outputIn, planFusion } from "../fusion.ts";
import { withoutCasts } from "./casts.ts";
import {
  type BufferView,
  CommandList,
  type DeviceBuffer,
  type Matrix,
  sliceOf,
  type Vector,
} from "./commands.ts";
import { type FusedProjections, layOutMatrices, type MatrixLayout } from "./layout.ts";
import { MASK_WORDS, makeMask } from "./ops/dropout.ts";
import { LOWERINGS } from "./ops/index.ts";
import type { Lowering, NodeContext } from "./ops/lowering.ts";
import { copyOf, StateUpdates } from "./state.ts";
import { WeightBuffers } from "./weight-buffers.ts";

/** How a value that goes in or comes out lies on the device. */
export type DeviceValue =
  | { readonly kind: "matrix"; readonly matrix: Matrix }
  | { readonly kind: "vector"; readonly vector: Vector };

export const viewOf = (placed: DeviceValue): BufferView =>
  placed.kind === "matrix" ? placed.matrix.view : placed.vector.view;

/** One run of a Program as kernel calls. */
export interface LoweredProgram {
  readonly list: CommandList;
  /** One for each input of the Program. */
  readonly inputs: readonly DeviceValue[];
  /** One for each output. */
  readonly outputs: readonly DeviceValue[];
  /** 1 when every guard is finite; undefined without guards. */
  readonly finite: Vector | undefined;
}

/** Outputs to which a command can add another matrix. */
const fusable = outputIn("gemmOutput", "sumOutput");

/** A Program whose sizes are all numbers. */
export const lowerProgram = (program: Program): LoweredProgram => new Lowerer(program).lower();

class Lowerer {
  readonly #program: Program;
  readonly #fusion: FusionPlan;
  readonly #layout: MatrixLayout;
  readonly #matrices: ReadonlySet<ValueId>;
  readonly #list = new CommandList();
  readonly #vectors = new Map<ValueId, Vector>();
  readonly #weights: WeightBuffers;
  readonly #inputs: ReadonlySet<ValueId>;
  /** Gradients that somebody else makes, so that what should be added to them stands for them; undefined: nothing. */
  readonly #addendAliases = new Map<ValueId, ValueId | undefined>();

  constructor(program: Program) {
    const symbol = program.values.find(({ shape }) => shape.some((d) => typeof d === "string"));
    if (symbol !== undefined) throw new Error(`cuda engine: ${symbol.name} has a symbolic size`);
    const plain = withoutCasts(program);
    this.#program = plain;
    this.#fusion = planFusion(plain, fusable);
    this.#layout = layOutMatrices(plain, this.#fusion);
    this.#weights = new WeightBuffers(plain, this.#list, (id) => this.#vector(id));
    this.#matrices = activationsOf(plain);
    this.#inputs = new Set(plain.inputs);
  }

  lower(): LoweredProgram {
    const { inputs, outputs, guards, nodes, state } = this.#program;
    for (const { value } of state) {
      const { name } = this.#program.values[value]!;
      const length = elements(this.#shape(value));
      this.#vectors.set(value, bufferVector(length, { kind: "state", name }));
    }
    this.#placeMaskWords();
    this.#placeViews();
    const finite = this.#placeResults(outputs, guards);
    const stateUpdates = new StateUpdates(this.#program, this.#fusion.uses);
    for (const node of nodes) {
      if (!this.#fusion.skipped.has(node) && !stateUpdates.defers(node)) this.#lowerNode(node);
    }
    const states = new Set(state.map(({ value }) => value));
    const copies = new Map(
      outputs.filter((id) => states.has(id)).map((id) => [id, copyOf(this.#list, this.#vector(id))]),
    );
    stateUpdates.finish(this.#list, (id) => this.#vector(id), finite);
    this.#weights.placeFactors();
    return {
      list: this.#list,
      inputs: inputs.map((id) => this.#placed(id)),
      outputs: outputs.map((id): DeviceValue => {
        const copy = copies.get(id);
        return copy === undefined ? this.#placed(id) : { kind: "vector", vector: copy };
      }),
      finite: finite?.flag,
    };
  }

  /** Masks are made where they are needed; what is fed are the words that they are made from, in one room. */
  #placeMaskWords(): void {
    const masks = this.#program.inputs.filter((id) => this.#program.values[id]!.mask !== undefined);
    const words = bufferVector(MASK_WORDS * masks.length, { kind: "feed" });
    for (const [i, id] of masks.entries()) this.#vectors.set(id, sliceOf(words, MASK_WORDS * i, MASK_WORDS));
  }

  /** Parts of a flat vector lie in it. */
  #placeViews(): void {
    for (const node of this.#program.nodes) {
      if (node.op === "unflatten") this.#placeParts(node.inputs.flat, node.outputs.parts);
      if (node.op === "flatten") this.#placeParts(node.outputs.flat, node.inputs.parts);
    }
  }

  #placeParts(flat: ValueId, parts: readonly ValueId[]): void {
    let from = 0;
    for (const id of parts) {
      const length = elements(this.#shape(id));
      const elsewhere = this.#vectors.has(id) || this.#inputs.has(id);
      if (!elsewhere) this.#vectors.set(id, sliceOf(this.#vector(flat), from, length));
      from += length;
    }
  }

  /** Single numbers that are asked for, guards first, and whether the guards are finite: one room, one transfer. */
  #placeResults(outputs: readonly ValueId[], guards: readonly ValueId[]): Finite | undefined {
    const numbers = [...new Set([...guards, ...outputs])].filter(
      (id) => !this.#matrices.has(id) && elements(this.#shape(id)) === 1 && !this.#vectors.has(id),
    );
    if (guards.some((id) => !numbers.includes(id))) throw new Error("cuda engine: a guard is one number");
    const block = bufferVector(numbers.length + 1, { kind: "result" });
    for (const [i, id] of numbers.entries()) this.#vectors.set(id, sliceOf(block, i, 1));
    if (guards.length === 0) return undefined;
    const count = new Set(guards).size;
    return { flag: sliceOf(block, numbers.length, 1), guards: sliceOf(block, 0, count) };
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
    const projections = () => this.#layout.fusedProjections.get(node as unknown as Node)!;
    return {
      list: this.#list,
      node,
      attrs: node.attrs,
      matrix: (name) => this.#layout.matrix(inputs[name]!),
      vector: (name) => this.#vector(inputs[name]!),
      dropoutMask: (name) => this.#dropoutMask(inputs[name]!),
      weight: (name) => this.#weights.plain(inputs[name]!),
      weightVector: (name) => this.#weights.vectors([inputs[name]!], [elements(this.#shape(inputs[name]!))]),
      out: (name) => this.#layout.matrix(sumOf(outputs[name]!)),
      outVector: (name) => this.#vector(outputs[name]!),
      shape: (name) => this.#shape(inputs[name]!),
      isRead: (name) => (this.#fusion.uses.get(outputs[name]!) ?? 0) > 0,
      addend: () => (folded === undefined ? undefined : this.#addend(folded.into)),
      vectorOf: (id) => this.#vector(id),
      lora: {
        projections: () => projections() as unknown as FusedProjections<Extract<Op, LoraOp>>,
        weight: () => this.#weights.fusedWeight(projections()),
        bias: () => this.#weights.fusedBias(projections()),
        aliasToAddend: () => {
          const result = folded?.sum ?? fusable(node as unknown as Node);
          if (result !== undefined) this.#addendAliases.set(result, folded?.into);
        },
        matrixOf: (id) => this.#layout.matrix(id),
        vectorOf: (id) => this.#vector(id),
      },
    };
  }

  #dropoutMask(id: ValueId): Vector {
    const { mask } = this.#program.values[id]!;
    const fed = this.#vector(id);
    return mask === undefined ? fed : makeMask(this.#list, fed, mask, elements(this.#shape(id)));
  }

  #addend(id: ValueId): Matrix | undefined {
    if (!this.#addendAliases.has(id)) return this.#layout.matrix(id);
    const into = this.#addendAliases.get(id);
    return into === undefined ? undefined : this.#addend(into);
  }

  #vector(id: ValueId): Vector {
    const known = this.#vectors.get(id);
    if (known !== undefined) return known;
    const length = elements(this.#shape(id));
    const bytes = this.#program.values[id]!.dtype === "u8" ? length : 4 * length;
    const kind = this.#inputs.has(id) ? "feed" : "arena";
    const vector: Vector = { view: { buffer: { bytes, storage: { kind } }, offset: 0 }, length };
    this.#vectors.set(id, vector);
    return vector;
  }

  #placed(id: ValueId): DeviceValue {
    if (this.#matrices.has(id)) return { kind: "matrix", matrix: this.#layout.matrix(id) };
    return { kind: "vector", vector: this.#vector(id) };
  }

  #shape(id: ValueId): readonly number[] {
    return this.#program.values[id]!.shape as readonly number[];
  }
}

/** Where the guards lie, and the flag that is set when all are finite. */
export interface Finite {
  readonly flag: Vector;
  readonly guards: Vector;
}

function bufferVector(length: number, storage: DeviceBuffer["storage"]): Vector {
  return { view: { buffer: { bytes: 4 * length, storage }, offset: 0 }, length };
}
