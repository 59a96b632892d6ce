import type { AttrsOf, OpName } from "../ops/attrs.ts";
import type { NodeBuilder, OutputType } from "../ops/definition.ts";
import { definitionOf } from "../ops/index.ts";
import { type Inputs, type Operands, type Outputs, SIGNATURES } from "../ops/signatures.ts";
import {
  type DType,
  mapNamed,
  type Named,
  type Node,
  type NodeOf,
  type Program,
  type Shape,
  type StateSlot,
  type Value,
  type ValueId,
} from "./program.ts";

export interface NodeOptions<Op extends OpName> {
  /** Names of the outputs' values; default: the operation's own. */
  readonly names?: Partial<Outputs<Op, string>>;
  readonly scope?: string | undefined;
  readonly after?: ValueId;
}

/** Builds a Program node by node. Shapes are inferred and checked, names are made unique, weights are shared by name. */
export class ProgramBuilder implements NodeBuilder {
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
  /** Scope of nodes added without their own scope. */
  scope: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** A builder that continues `program` under another name. */
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

  /** Input dropout_mask.{site}: 1 for each element of a value of this shape that is kept. */
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
    inputs: Inputs<Op, ValueId>,
    attrs: AttrsOf<Op>,
    options: NodeOptions<Op> = {},
  ): Outputs<Op, ValueId> {
    const signature: { readonly inputs: Operands; readonly outputs: Operands } = SIGNATURES[op];
    const ids = inOrder(signature.inputs, inputs as Named<ValueId>);
    const shapes = mapNamed(ids, (id) => this.value(id).shape) as unknown as Inputs<Op, Shape>;
    const types = inOrder(signature.outputs, definitionOf(op).outputs(shapes, attrs) as Named<OutputType>);
    const names = options.names as Partial<Named<string>> | undefined;
    const outputs = mapNamed(types, ({ name, dtype, shape }, key, i) => {
      const given = names?.[key];
      return this.#add(this.#unique((typeof given === "object" ? given[i] : given) ?? name), dtype, shape);
    }) as unknown as Outputs<Op, ValueId>;
    const scope = options.scope ?? this.scope;
    this.#nodes.push({
      op,
      inputs: ids,
      outputs,
      attrs,
      ...(scope === undefined ? {} : { scope }),
      ...(options.after === undefined ? {} : { after: options.after }),
    } as unknown as Node);
    return outputs;
  }

  /** Appends a node of another Program. `ids` maps that Program's values to those here and gets the node's outputs. */
  copy<Op extends OpName>(node: NodeOf<Op>, from: Program, ids: Map<ValueId, ValueId>): void {
    const inputs = mapNamed(node.inputs as Named<ValueId>, (id) => ids.get(id)!);
    const names = mapNamed(node.outputs as Named<ValueId>, (id) => from.values[id]!.name);
    const outputs = this.node(node.op, inputs as unknown as Inputs<Op, ValueId>, node.attrs, {
      names: names as Partial<Outputs<Op, string>>,
      scope: node.scope,
    });
    const made = Object.values(outputs as Named<ValueId>).flat();
    for (const [i, id] of Object.values(node.outputs as Named<ValueId>)
      .flat()
      .entries())
      ids.set(id, made[i]!);
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

/** The operands that are present, in the order of the signature. */
function inOrder<T>(operands: Operands, named: Partial<Named<T>>): Named<T> {
  const present = Object.keys(operands).filter((name) => named[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, named[name]!]));
}
