import type { ElementType, ExternalData, OnnxGraph } from "../../formats/onnx.ts";
import type { OpName } from "../../ops/attrs.ts";
import { inputRoles } from "../../ops/signatures.ts";
import {
  type DType,
  type Node,
  type NodeOf,
  outputsOf,
  type Program,
  type Shape,
  type ValueId,
} from "../../program/program.ts";
import { adjacentView, type FusableOutput, type FusionPlan, outputIn, planFusion } from "../fusion.ts";
import { GraphEmitter, type Profile, product, type Ref } from "./graph.ts";
import { LOWERINGS } from "./ops/index.ts";
import type { Lowering, NodeContext } from "./ops/lowering.ts";

/** Where a weight's numbers are: inside the graph, or in a file beside it that the runtime maps. */
export type WeightData = { readonly data: Float32Array } | { readonly external: ExternalData };

export interface LowerOptions {
  readonly profile: Profile;
  weight(name: string): WeightData;
}

/**
 * A Program as one ONNX graph. Inputs and state values become inputs under their own names; outputs keep their names, and
 * each state value that moves adds the output `nextName`, each guard that is no output the output `guardName`.
 */
export function lowerProgram(program: Program, options: LowerOptions): OnnxGraph {
  return new Lowerer(program, options).lower();
}

export const nextName = (state: string): string => `next/${state}`;
export const guardName = (value: string): string => `guard/${value}`;

/** State values that a run replaces. */
export const movingState = (program: Program): Program["state"] =>
  program.state.filter((slot) => slot.value !== slot.next);

/** Guards that are not outputs anyway. */
export const hiddenGuards = (program: Program): ValueId[] =>
  program.guards.filter((id) => !program.outputs.includes(id));

const ELEMENTS: Readonly<Record<DType, ElementType>> = {
  f32: "float",
  bf16: "bfloat16",
  i32: "int32",
  i64: "int64",
  u8: "uint8",
};

const gemmOutput = outputIn("gemmOutput");
/** A Gemm adds one value in the same pass: the bias, if there is one. */
const fusable: FusableOutput = (node) => ("bias" in node.inputs ? undefined : gemmOutput(node));

class Lowerer {
  readonly #program: Program;
  readonly #options: LowerOptions;
  readonly #fusion: FusionPlan;
  readonly #g: GraphEmitter;
  readonly #refs = new Map<ValueId, Ref>();
  readonly #weights: ReadonlySet<ValueId>;
  /** Parameter gradients that nobody has asked for yet. */
  #unfinished: Ref[] = [];

  constructor(program: Program, options: LowerOptions) {
    this.#program = program;
    this.#options = options;
    this.#fusion = planFusion(program, fusable);
    this.#g = new GraphEmitter(options.profile);
    this.#weights = new Set(program.weights);
  }

  lower(): OnnxGraph {
    const { inputs, state, nodes, outputs, values } = this.#program;
    for (const id of [...inputs, ...state.map((slot) => slot.value)]) {
      const { name, dtype, shape } = values[id]!;
      this.#refs.set(id, this.#g.input(name, ELEMENTS[dtype], shape));
    }
    for (const node of nodes) if (!this.#fusion.skipped.has(node)) this.#lowerNode(node);
    for (const id of outputs) this.#output(values[id]!.name, id);
    for (const id of hiddenGuards(this.#program)) this.#output(guardName(values[id]!.name), id);
    for (const { value, next } of movingState(this.#program))
      this.#output(nextName(values[value]!.name), next);
    return this.#g.finish(this.#program.name);
  }

  #output(name: string, id: ValueId): void {
    const { dtype, shape } = this.#program.values[id]!;
    this.#g.output(name, ELEMENTS[dtype], shape, this.#ref(id));
  }

  #lowerNode<Op extends OpName>(typed: NodeOf<Op>): void {
    const node = typed as unknown as Node;
    const outputs = outputsOf(node);
    const results = (LOWERINGS[typed.op] as unknown as Lowering<Op>)(this.#context(typed));
    const folded = this.#fusion.folded.get(node);
    for (const [i, ref] of results.entries()) {
      const id = outputs[i];
      if (ref === null || id === undefined) continue;
      this.#refs.set(id === folded?.value ? folded.sum : id, ref);
    }
    if (node.op === "loraLinearGrad") this.#note(node);
  }

  /** Nobody reads the gradients of parameters before the very end, so the next norm has to wait for them. */
  #note(node: NodeOf<"loraLinearGrad">): void {
    const sharedInputGroup = this.#fusion.sharedInputGroup(node);
    if (sharedInputGroup.at(-1) !== node) return;
    for (const { outputs } of sharedInputGroup)
      this.#unfinished.push(this.#ref(outputs.dA), this.#ref(outputs.dB));
  }

  #context<Op extends OpName>(node: NodeOf<Op>): NodeContext<Op> {
    const g = this.#g;
    const inputs = node.inputs as Readonly<Record<string, ValueId>>;
    const waiting = this.#waitingInput(node as unknown as Node);
    const input = (name: string): Ref => (waiting?.name === name ? waiting.ref : this.#ref(inputs[name]!));
    const folded = this.#fusion.folded.get(node as unknown as Node);
    return {
      g,
      node,
      attrs: node.attrs,
      fusion: this.#fusion,
      grid: (name) => g.reshape(input(name), this.#shape(inputs[name]!)),
      gridOf: (id) => g.reshape(this.#ref(id), this.#shape(id)),
      rows: (name) => asRows(g, input(name), this.#shape(inputs[name]!)),
      shape: (name) => this.#shape(inputs[name]!),
      shapeOf: (id) => this.#shape(id),
      into: folded && asRows(g, this.#ref(folded.into), this.#shape(folded.into)),
      stack: (ids) => this.#stack(ids),
      define: (id, ref) => void this.#refs.set(id, ref),
    };
  }

  /** Input that carries the scheduling dependency: the norm weight, because it is smallest, else the first input. */
  #waitingInput(node: Node): { name: string; ref: Ref } | undefined {
    const done = node.after === undefined ? [] : [this.#ref(node.after)];
    const roles = inputRoles(node.op);
    const small = roles.find(([, role]) => role === "normWeight")?.[0];
    if (small !== undefined) done.push(...this.#unfinished.splice(0));
    if (done.length === 0) return undefined;
    const name = small ?? roles[0]![0];
    const id = (node.inputs as Readonly<Record<string, ValueId>>)[name]!;
    return { name, ref: this.#g.after(this.#ref(id), done) };
  }

  #stack(ids: readonly ValueId[]): Ref {
    const view = adjacentView(this.#fusion, ids);
    if (ids.length === 1 || view === undefined)
      return this.#g.concat(
        ids.map((id) => this.#ref(id)),
        0,
      );
    return this.#g.share(`/stack/${ids.join()}`, () => {
      const width = Number(this.#shape(ids[0]!)[1]);
      const flat = this.#g.slice(this.#ref(view.flat), view.offset, view.offset + view.length);
      return this.#g.reshape(flat, [view.length / width, width]);
    });
  }

  #shape(id: ValueId): Shape {
    return this.#program.values[id]!.shape;
  }

  #ref(id: ValueId): Ref {
    const known = this.#refs.get(id);
    if (known !== undefined) return known;
    const { name, shape } = this.#program.values[id]!;
    if (!this.#weights.has(id)) throw new Error(`${name} is read before it is made`);
    const weight = this.#options.weight(name);
    const data = "external" in weight ? weight.external : bytesOf(weight.data);
    const ref = this.#g.initializer(name, "float", shape as readonly number[], data);
    this.#refs.set(id, ref);
    return ref;
  }
}

const asRows = (g: GraphEmitter, ref: Ref, shape: Shape): Ref =>
  g.reshape(ref, [product(shape.slice(0, -1)), shape.at(-1)!]);

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
