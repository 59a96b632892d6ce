import type { OpName } from "../../ops/attrs.ts";
import {
  type Node,
  type NodeOf,
  outputsOf,
  type Program,
  type DType as ProgramDType,
  type ValueId,
} from "../../program/program.ts";
import { adjacentView, type FusionPlan, outputIn, planFusion } from "../fusion.ts";
import { type Fetch, finishList, type KernelList } from "./kernel-list.ts";
import { type DType, type Ref, type Shape, sizeOf } from "./kernels.ts";
import { LOWERINGS } from "./ops/index.ts";
import type { Lowering, NodeContext } from "./ops/lowering.ts";
import { KernelRecorder } from "./recorder.ts";

/** A Program whose sizes are all numbers, as kernel calls. */
export function lowerProgram(program: Program): KernelList {
  return new Lowerer(program).lower();
}

const DTYPES: Readonly<Record<ProgramDType, DType>> = {
  f32: "float32",
  bf16: "bfloat16",
  i32: "int32",
  // Ids, positions and row numbers; tfjs has no wider integers.
  i64: "int32",
  u8: "bool",
};

/** Outputs that a lowering can leave as a list of summands. */
const fusable = outputIn("gemmOutput", "sumOutput");

class Lowerer {
  readonly #program: Program;
  readonly #fusion: FusionPlan;
  readonly #k = new KernelRecorder();
  /** A value is the sum of its terms; the sum is made when somebody reads it. */
  readonly #terms = new Map<ValueId, readonly Ref[]>();

  constructor(program: Program) {
    this.#program = program;
    this.#fusion = planFusion(program, fusable);
  }

  lower(): KernelList {
    const { inputs, weights, state, nodes } = this.#program;
    const declared = [inputs, weights, state.map(({ value }) => value)].map((ids) =>
      ids.map((id) => this.#declare(id)),
    ) as [Ref[], Ref[], Ref[]];
    for (const node of nodes) if (!this.#fusion.skipped.has(node)) this.#lowerNode(node);
    this.#k.op = undefined;
    const moving = [...state.entries()].filter(([, slot]) => slot.value !== slot.next);
    return finishList(this.#k, {
      inputs: declared[0],
      weights: declared[1],
      state: declared[2],
      fetches: this.#fetches(),
      next: moving.map(([i, { next }]) => ({ state: i, ref: this.#ref(next) })),
    });
  }

  /** All single numbers come back in one transfer, since each one waits for the device. */
  #fetches(): Fetch[] {
    const { outputs, guards } = this.#program;
    const wanted = [...new Set([...outputs, ...guards])];
    const isNumber = (id: ValueId): boolean => sizeOf(this.#shape(id)) === 1;
    const numbers = wanted.filter(isNumber);
    const others = wanted.filter((id) => !isNumber(id));
    const fetches: Fetch[] = others.map((id) => ({ ref: this.#ref(id), values: [id] }));
    if (numbers.length > 0) {
      const parts = numbers.map((id) => this.#k.flat(this.#ref(id)));
      fetches.push({ ref: this.#k.concat(parts, 0), values: numbers });
    }
    return fetches;
  }

  #declare(id: ValueId): Ref {
    const ref = this.#k.ref(this.#shape(id), DTYPES[this.#program.values[id]!.dtype]);
    this.#terms.set(id, [ref]);
    return ref;
  }

  #lowerNode<Op extends OpName>(node: NodeOf<Op>): void {
    const outputs = outputsOf(node as unknown as Node);
    this.#k.op = node.op;
    const results = (LOWERINGS[node.op] as unknown as Lowering<Op>)(this.#context(node));
    const folded = this.#fusion.folded.get(node as unknown as Node);
    for (const [i, result] of results.entries()) {
      const id = outputs[i];
      if (result === null || id === undefined) continue;
      const terms = "slot" in result ? [result] : result;
      if (id === folded?.value) this.#terms.set(folded.sum, [...terms, ...this.#addends(folded.into)]);
      else this.#terms.set(id, terms);
    }
  }

  #context<Op extends OpName>(node: NodeOf<Op>): NodeContext<Op> {
    const inputs = node.inputs as Readonly<Record<string, ValueId>>;
    return {
      k: this.#k,
      node,
      attrs: node.attrs,
      fusion: this.#fusion,
      grid: (name) => this.#ref(inputs[name]!),
      gridOf: (id) => this.#ref(id),
      rows: (name) => this.#rows(inputs[name]!, this.#sum(inputs[name]!)),
      shape: (name) => this.#shape(inputs[name]!),
      shapeOf: (id) => this.#shape(id),
      stack: (ids) => this.#stack(ids),
      define: (id, ref) => void this.#terms.set(id, [ref]),
    };
  }

  #stack(ids: readonly ValueId[]): Ref {
    const view = adjacentView(this.#fusion, ids);
    if (view === undefined)
      return this.#k.concat(
        ids.map((id) => this.#ref(id)),
        0,
      );
    return this.#k.share(`/stack/${ids.join()}`, () => {
      const flat = this.#k.slice(this.#ref(view.flat), view.offset, view.offset + view.length);
      const width = this.#shape(ids[0]!)[1]!;
      return this.#k.reshape(flat, [view.length / width, width]);
    });
  }

  #shape(id: ValueId): Shape {
    const { name, shape } = this.#program.values[id]!;
    const symbol = shape.find((d) => typeof d === "string");
    if (symbol !== undefined) throw new Error(`tfjs engine: ${name} has the symbolic size ${symbol}`);
    return shape as Shape;
  }

  /** As a matrix: all of the value's sizes but the last in one. */
  #rows(id: ValueId, ref: Ref): Ref {
    const shape = this.#shape(id);
    return this.#k.reshape(ref, [sizeOf(shape.slice(0, -1)), shape.at(-1)!]);
  }

  /** In the shape of the Program's value. */
  #ref(id: ValueId): Ref {
    return this.#k.reshape(this.#sum(id), this.#shape(id));
  }

  #sum(id: ValueId): Ref {
    const terms = this.#terms.get(id);
    if (terms === undefined) throw new Error(`${this.#program.values[id]!.name} is read before it is made`);
    if (terms.length === 1) return terms[0]!;
    const sum = this.#k.sum(terms.map((term) => this.#rows(id, term)));
    this.#terms.set(id, [sum]);
    return sum;
  }

  /** What a value adds to another: its terms, as long as nobody else asks for their sum. */
  #addends(id: ValueId): readonly Ref[] {
    return this.#fusion.uses.get(id) === 1 ? this.#terms.get(id)! : [this.#sum(id)];
  }
}
