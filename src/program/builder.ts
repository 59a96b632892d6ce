import type { AttrsOf, OpName } from "../ops/attrs.ts";
import { definitionOf } from "../ops/index.ts";
import type { DType, Node, Program, Shape, StateSlot, Value, ValueId } from "./program.ts";

export interface NodeOptions {
  /** Names of the outputs; default: the operation's own names. */
  readonly names?: readonly string[];
  readonly scope?: string;
  readonly after?: ValueId;
}

/** Grows a Program node by node. Shapes are inferred and checked; names are made unique; weights are shared by name. */
export class ProgramBuilder {
  readonly name: string;
  readonly #values: Value[] = [];
  readonly #inputs: ValueId[] = [];
  readonly #weights: ValueId[] = [];
  readonly #states: ValueId[] = [];
  readonly #next = new Map<ValueId, ValueId>();
  readonly #nodes: Node[] = [];
  readonly #outputs: ValueId[] = [];
  readonly #guards: ValueId[] = [];
  readonly #names = new Map<string, number>();
  /** Scope of the nodes added from now on, where they do not name their own. */
  scope: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** A builder that goes on where `program` ends, under another name. */
  static from(program: Program, name = program.name): ProgramBuilder {
    const b = new ProgramBuilder(name);
    b.#values.push(...program.values);
    for (const value of program.values) b.#names.set(value.name, 1);
    b.#inputs.push(...program.inputs);
    b.#weights.push(...program.weights);
    for (const slot of program.state) {
      b.#states.push(slot.value);
      b.#next.set(slot.value, slot.next);
    }
    b.#nodes.push(...program.nodes);
    b.#outputs.push(...program.outputs);
    b.#guards.push(...program.guards);
    return b;
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  value(id: ValueId): Value {
    const value = this.#values[id];
    if (value === undefined) throw new Error(`no value ${id} in Program ${this.name}`);
    return value;
  }

  input(name: string, dtype: DType, shape: Shape): ValueId {
    return this.#declare(this.#inputs, name, dtype, shape);
  }

  /** An input dropout_mask.{site}: which elements of a value of this shape are not dropped. */
  mask(site: number, dropout: number, shape: Shape): ValueId {
    const id = this.input(`dropout_mask.${site}`, "u8", shape);
    this.#values[id] = { ...this.value(id), mask: { site, dropout } };
    return id;
  }

  weight(name: string, shape: Shape): ValueId {
    const known = this.#weights.find((id) => this.value(id).name === name);
    return known ?? this.#declare(this.#weights, name, "f32", shape);
  }

  state(name: string, shape: Shape): ValueId {
    const known = this.#states.find((id) => this.value(id).name === name);
    if (known !== undefined) return known;
    const id = this.#declare(this.#states, name, "f32", shape);
    this.#next.set(id, id);
    return id;
  }

  node<Op extends OpName>(
    op: Op,
    inputs: readonly ValueId[],
    attrs: AttrsOf<Op>,
    options: NodeOptions = {},
  ): ValueId[] {
    const types = definitionOf(op).outputs(
      inputs.map((id) => this.value(id).shape),
      attrs,
    );
    const outputs = types.map((type, i) =>
      this.#add(this.#unique(options.names?.[i] ?? type.name), type.dtype, type.shape),
    );
    const scope = options.scope ?? this.scope;
    this.#nodes.push({
      op,
      inputs: [...inputs],
      outputs,
      attrs,
      ...(scope === undefined ? {} : { scope }),
      ...(options.after === undefined ? {} : { after: options.after }),
    });
    return outputs;
  }

  /** Makes a value an output; with a name, the value is renamed to it. */
  output(id: ValueId, name?: string): void {
    if (name !== undefined) this.#rename(id, name);
    this.#outputs.push(id);
  }

  next(state: ValueId, value: ValueId): void {
    if (!this.#next.has(state)) throw new Error(`${this.value(state).name} is not a state value`);
    this.#next.set(state, value);
  }

  guard(id: ValueId): void {
    this.#guards.push(id);
  }

  build(): Program {
    const state: StateSlot[] = this.#states.map((value) => ({ value, next: this.#next.get(value)! }));
    return {
      name: this.name,
      values: [...this.#values],
      inputs: [...this.#inputs],
      weights: [...this.#weights],
      state,
      nodes: [...this.#nodes],
      outputs: [...this.#outputs],
      guards: [...this.#guards],
    };
  }

  #declare(list: ValueId[], name: string, dtype: DType, shape: Shape): ValueId {
    if (this.#names.has(name)) throw new Error(`Program ${this.name}: the name ${name} is taken`);
    this.#names.set(name, 1);
    const id = this.#add(name, dtype, shape);
    list.push(id);
    return id;
  }

  #add(name: string, dtype: DType, shape: Shape): ValueId {
    this.#values.push({ id: this.#values.length, name, dtype, shape });
    return this.#values.length - 1;
  }

  #unique(name: string): string {
    const seen = this.#names.get(name) ?? 0;
    this.#names.set(name, seen + 1);
    return seen === 0 ? name : this.#unique(`${name}_${seen}`);
  }

  #rename(id: ValueId, name: string): void {
    const value = this.value(id);
    if (value.name === name) return;
    if (this.#names.has(name)) throw new Error(`Program ${this.name}: the name ${name} is taken`);
    this.#names.set(name, 1);
    this.#values[id] = { ...value, name };
  }
}
