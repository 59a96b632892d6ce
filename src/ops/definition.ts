import type { DType, Shape, ValueId } from "../program/program.ts";
import type { AttrsOf, OpName } from "./attrs.ts";
import type { ActivationRole, Inputs, Outputs, SIGNATURES } from "./signatures.ts";

export interface OutputType {
  /** Name of the value where the builder is given none. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Placeholder for the constant 1 from which the gradient of a loss starts. */
export const SEED: ValueId = -1;

/** The part of a ProgramBuilder that gradient rules use. */
export interface NodeBuilder {
  node<Op extends OpName>(op: Op, inputs: Inputs<Op, ValueId>, attrs: AttrsOf<Op>): Outputs<Op, ValueId>;
}

/** The view of a node that a gradient rule gets. */
export interface GradientContext<Op extends OpName> {
  readonly b: NodeBuilder;
  readonly inputs: Inputs<Op, ValueId>;
  readonly outputs: Outputs<Op, ValueId>;
  readonly attrs: AttrsOf<Op>;
  /** Gradient of each output, or null when the loss does not depend on it. */
  readonly dOutputs: Outputs<Op, ValueId | null>;
  /** True if a trained value reaches this input; otherwise its gradient is not computed (pruning). */
  needs(input: keyof Inputs<Op, ValueId>): boolean;
}

type Roles<Op extends OpName> = (typeof SIGNATURES)[Op]["inputs"];
type Differentiable = ActivationRole | "factor" | "flat";
/** Gradient of every input that can have one; null where it is not needed. */
export type Gradients<Op extends OpName> = {
  readonly [Name in keyof Roles<Op> as Roles<Op>[Name] extends Differentiable ? Name : never]: ValueId | null;
};

export interface OpDefinition<Op extends OpName> {
  /** Output types from input shapes. Throws on shapes that do not fit (always a mistake in a builder). */
  outputs(shapes: Inputs<Op, Shape>, attrs: AttrsOf<Op>): Outputs<Op, OutputType>;
  /** "none": the operation cannot be differentiated, because no trained value reaches it. */
  readonly gradient: "none" | ((context: GradientContext<Op>) => Gradients<Op>);
  /** Floating-point operations of the products; a multiply-add counts two. Elementwise work is negligible beside them. */
  flops(shapes: Inputs<Op, readonly number[]>, attrs: AttrsOf<Op>): number;
}

export const elements = (shape: readonly number[]): number => shape.reduce((product, d) => product * d, 1);
export const f32 = (name: string, shape: Shape): OutputType => ({ name, dtype: "f32", shape });

export function expectShape(condition: boolean, op: string, shapes: Readonly<Record<string, Shape>>): void {
  if (condition) return;
  const shown = Object.entries(shapes).map(([name, shape]) => `${name} [${shape.join(",")}]`);
  throw new Error(`${op}: shapes do not fit: ${shown.join(" ")}`);
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);
export const withLast = (shape: Shape, last: number | string): Shape => [...shape.slice(0, -1), last];
export const last = (shape: Shape): number | string => shape[shape.length - 1]!;
export const rows = (shape: readonly number[]): number => elements(shape.slice(0, -1));
