import type { OpName } from "../../ops/attrs.ts";
import type { DType, Named, Node, NodeOf, Program, Shape, ValueId } from "../../program/program.ts";
import { adjacentView, type FusableOutput, type FusionPlan, planFusion } from "../fusion.ts";
import type { Lowered, Lowering, Lowerings, NodeContext } from "./lowering.ts";
import { product, type Sum, type Tensor, type TensorBuilder } from "./tensor-builder.ts";

/** Lowers the nodes of a Program in order. Subclasses say how values are held. */
export abstract class Lowerer {
  protected readonly program: Program;
  protected readonly fusion: FusionPlan;
  readonly #b: TensorBuilder;
  readonly #lowerings: Lowerings;

  constructor(program: Program, fusable: FusableOutput, b: TensorBuilder, lowerings: Lowerings) {
    this.program = program;
    this.fusion = planFusion(program, fusable);
    this.#b = b;
    this.#lowerings = lowerings;
  }

  /** A value in any shape of the right number of elements. */
  protected abstract read(id: ValueId): Tensor;
  /** `addend`: a value that the fusion plan adds to this one. */
  protected abstract define(id: ValueId, lowered: Tensor | Sum, addend?: ValueId): void;

  /** Start of the sum in a node's fusable output. */
  protected into(_addend: ValueId): Sum {
    return { terms: [] };
  }

  /** Inputs of a node that are read as another tensor than their values, by name. */
  protected replacedInputs(_node: Node): Readonly<Record<string, Tensor>> {
    return {};
  }

  protected lowerNodes(): void {
    for (const node of this.program.nodes) if (!this.fusion.skipped.has(node)) this.lowerNode(node);
  }

  protected lowerNode(node: Node): void {
    const results = this.#results(node);
    const folded = this.fusion.folded.get(node);
    for (const [name, ids] of Object.entries(node.outputs as Named<ValueId>)) {
      const lowered = [results[name] ?? null].flat();
      for (const [i, id] of [ids].flat().entries()) {
        const result = lowered[i]!;
        if (result === null) continue;
        if (id === folded?.value) this.define(folded.sum, result, folded.into);
        else this.define(id, result);
      }
    }
  }

  #results<Op extends OpName>(node: NodeOf<Op>): Named<Lowered> {
    const lowering = this.#lowerings[node.op] as unknown as Lowering<Op>;
    return lowering(this.#context(node)) as Named<Lowered>;
  }

  protected shape(id: ValueId): Shape {
    return this.program.values[id]!.shape;
  }

  protected grid(id: ValueId): Tensor {
    return this.#b.reshape(this.read(id), this.shape(id));
  }

  /** `x`, which holds the value, as a matrix: all of the value's sizes but the last in one. */
  protected asRows(id: ValueId, x: Tensor): Tensor {
    const shape = this.shape(id);
    return this.#b.reshape(x, [product(shape.slice(0, -1)), shape.at(-1)!]);
  }

  #context<Op extends OpName>(node: NodeOf<Op>): NodeContext<Op> {
    const b = this.#b;
    const inputs = node.inputs as Readonly<Record<string, ValueId>>;
    const replaced = this.replacedInputs(node as unknown as Node);
    const input = (name: string): Tensor => replaced[name] ?? this.read(inputs[name]!);
    const folded = this.fusion.folded.get(node as unknown as Node);
    return {
      b,
      node,
      attrs: node.attrs,
      fusion: this.fusion,
      grid: (name) => b.reshape(input(name), this.shape(inputs[name]!)),
      rows: (name) => this.asRows(inputs[name]!, input(name)),
      shape: (name) => this.shape(inputs[name]!),
      gridOf: (id) => this.grid(id),
      shapeOf: (id) => this.shape(id),
      dtypeOf: (id): DType => this.program.values[id]!.dtype,
      into: folded === undefined ? { terms: [] } : this.into(folded.into),
      stack: (ids) => this.#stack(ids),
      define: (id, x) => this.define(id, x),
    };
  }

  #stack(ids: readonly ValueId[]): Tensor {
    const b = this.#b;
    const view = adjacentView(this.fusion, ids);
    if (ids.length === 1 || view === undefined)
      return b.concat(
        ids.map((id) => this.grid(id)),
        0,
      );
    return b.share(`/stack/${ids.join()}`, () => {
      const width = Number(this.shape(ids[0]!)[1]);
      const flat = b.slice(this.grid(view.flat), view.offset, view.offset + view.length);
      return b.reshape(flat, [view.length / width, width]);
    });
  }
}
