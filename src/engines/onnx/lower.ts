import type { ElementType, ExternalData } from "../../formats/onnx.ts";
import { inputRoles } from "../../ops/signatures.ts";
import type { DType, Node, NodeOf, Program, ValueId } from "../../program/program.ts";
import { type FusableOutput, outputIn } from "../fusion.ts";
import { Lowerer } from "../library/lowerer.ts";
import type { Sum, Tensor } from "../library/tensor-builder.ts";
import type { BuiltGraph, Profile, Ref } from "./graph.ts";
import { OnnxBuilder } from "./onnx-builder.ts";
import { lowerings } from "./overrides.ts";

/** Values of a weight: inside the graph, in a file that the runtime maps, or fed as an input under the weight's name. */
export type WeightData =
  | { readonly data: Float32Array }
  | { readonly external: ExternalData }
  | { readonly fed: true };

export interface LowerOptions {
  readonly profile: Profile;
  weight(name: string): WeightData;
}

/**
 * A Program as one ONNX graph. Inputs and state values become inputs under their own names; outputs have the name `outputName`.
 * Each state value that is replaced adds the output `nextName`, each guard that is no output the output `guardName`.
 */
export function lowerProgram(program: Program, options: LowerOptions): BuiltGraph {
  return new OnnxLowerer(program, options, new OnnxBuilder(options.profile)).lower();
}

export const nextName = (state: string): string => `next/${state}`;
/** Name of an output: an input or a state value that is an output too needs a second one. */
export function outputName(program: Program, id: ValueId): string {
  const { name } = program.values[id]!;
  const given = program.inputs.includes(id) || program.state.some(({ value }) => value === id);
  return given ? `given/${name}` : name;
}
export const guardName = (value: string): string => `guard/${value}`;

/** State values that a run replaces. */
export const replacedState = (program: Program): Program["state"] =>
  program.state.filter((slot) => slot.value !== slot.next);

/** Guards that are not outputs. */
export const hiddenGuards = (program: Program): ValueId[] =>
  program.guards.filter((id) => !program.outputs.includes(id));

const ELEMENTS: Readonly<Record<DType, ElementType>> = {
  f32: "float",
  bf16: "bfloat16",
  i32: "int32",
  i64: "int64",
  u8: "uint8",
};

/** The WebGPU provider has no 64-bit integers, and of one-byte types only bool, in which dropout masks are fed. */
const WEBGPU_ELEMENTS = { ...ELEMENTS, i64: "int32", u8: "bool" } as const;

/** Element type of a value of the Program in the graph. */
export const elementOf = (profile: Profile, dtype: DType): ElementType =>
  (profile === "webgpu" ? WEBGPU_ELEMENTS : ELEMENTS)[dtype];

const gemmOutput = outputIn("gemmOutput");
/** A Gemm adds one value in the same pass: the bias, if there is one. */
const fusable: FusableOutput = (node) => ("bias" in node.inputs ? undefined : gemmOutput(node));

class OnnxLowerer extends Lowerer {
  readonly #options: LowerOptions;
  readonly #g: OnnxBuilder;
  readonly #refs = new Map<ValueId, Ref>();
  readonly #weights: ReadonlySet<ValueId>;
  /** Gradients of factors that no node waits for yet. */
  #unfinished: Ref[] = [];

  constructor(program: Program, options: LowerOptions, g: OnnxBuilder) {
    super(program, fusable, g, lowerings(options.profile));
    this.#options = options;
    this.#g = g;
    this.#weights = new Set(program.weights);
  }

  lower(): BuiltGraph {
    const { inputs, state, outputs, values } = this.program;
    for (const id of [...inputs, ...state.map((slot) => slot.value)]) {
      const { name, dtype, shape } = values[id]!;
      this.#refs.set(id, this.#g.input(name, elementOf(this.#options.profile, dtype), shape));
    }
    this.lowerNodes();
    for (const id of outputs) this.#output(outputName(this.program, id), id);
    for (const id of hiddenGuards(this.program)) this.#output(guardName(values[id]!.name), id);
    for (const { value, next } of replacedState(this.program))
      this.#output(nextName(values[value]!.name), next);
    return this.#g.finish(this.program.name);
  }

  #output(name: string, id: ValueId): void {
    const { dtype, shape } = this.program.values[id]!;
    this.#g.output(name, elementOf(this.#options.profile, dtype), shape, this.read(id));
  }

  protected override lowerNode(node: Node): void {
    super.lowerNode(node);
    if (node.op === "loraLinearGrad") this.#note(node);
  }

  /** The next norm waits for the gradients of the factors, because no node reads them before the end of the graph. */
  #note(node: NodeOf<"loraLinearGrad">): void {
    const group = this.fusion.sharedInputGroup(node);
    if (group.at(-1) !== node) return;
    for (const { outputs } of group) this.#unfinished.push(this.read(outputs.dA), this.read(outputs.dB));
  }

  protected override into(addend: ValueId): Sum {
    return { terms: [this.asRows(addend, this.read(addend))] };
  }

  protected override define(id: ValueId, lowered: Tensor | Sum): void {
    this.#refs.set(id, ("terms" in lowered ? lowered.terms[0] : lowered) as Ref);
  }

  /** Input that carries the scheduling dependency: the norm weight, because it is smallest, else the first input. */
  protected override replacedInputs(node: Node): Readonly<Record<string, Tensor>> {
    const done = node.after === undefined ? [] : [this.read(node.after)];
    const roles = inputRoles(node.op);
    const small = roles.find(([, role]) => role === "normWeight")?.[0];
    if (small !== undefined) done.push(...this.#unfinished.splice(0));
    if (done.length === 0) return {};
    const name = small ?? roles[0]![0];
    const id = (node.inputs as Readonly<Record<string, ValueId>>)[name]!;
    return { [name]: this.#g.after(this.read(id), done) };
  }

  protected override read(id: ValueId): Ref {
    const known = this.#refs.get(id);
    if (known !== undefined) return known;
    const { name, shape } = this.program.values[id]!;
    if (!this.#weights.has(id)) throw new Error(`${name} is read before it is computed`);
    const ref = this.#weight(name, shape as readonly number[]);
    this.#refs.set(id, ref);
    return ref;
  }

  #weight(name: string, shape: readonly number[]): Ref {
    const weight = this.#options.weight(name);
    if ("fed" in weight) return this.#g.input(name, "float", shape);
    const data = "external" in weight ? weight.external : bytesOf(weight.data);
    return this.#g.initializer(name, "float", shape, data);
  }
}

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
