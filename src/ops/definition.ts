import type { ProgramBuilder } from "../program/builder.ts";
import type { DType, Shape, ValueId } from "../program/program.ts";
import type { AttrsOf, OpName } from "./attrs.ts";

export interface OutputType {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Stands for the constant 1 that the gradient of a loss starts from. */
export const SEED: ValueId = -1;

/** What a gradient rule sees of its node. */
export interface GradientContext<Op extends OpName> {
  readonly b: ProgramBuilder;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  readonly attrs: AttrsOf<Op>;
  /** One for each output: its gradient, or null when nothing downstream depends on it. */
  readonly dOutputs: readonly (ValueId | null)[];
  /** Whether anything that is trained lies behind input i; where not, no gradient is made (pruning). */
  needs(input: number): boolean;
}

export interface OpDefinition<Op extends OpName> {
  /** Output types from input shapes; throws on shapes that do not fit (always a mistake in a builder). */
  outputs(shapes: readonly Shape[], attrs: AttrsOf<Op>): readonly OutputType[];
  /** One for each input: its gradient, or null. "none": the operation has no gradient, because nothing trained can lie behind it. */
  readonly gradient: "none" | ((context: GradientContext<Op>) => readonly (ValueId | null)[]);
  /** The frozen matrix among the inputs, and those that it multiplies, by position. */
  readonly frozen?: { readonly matrix: number; readonly operands: readonly number[] };
  /** Multiply-adds count two. Only products are counted; elementwise work is nothing beside them. */
  flops(shapes: readonly (readonly number[])[], attrs: AttrsOf<Op>): number;
}

export const elements = (shape: readonly number[]): number => shape.reduce((product, d) => product * d, 1);
export const f32 = (name: string, shape: Shape): OutputType => ({ name, dtype: "f32", shape });

export function expectShape(condition: boolean, op: string, shapes: readonly Shape[]): void {
  if (!condition)
    throw new Error(`${op}: shapes do not fit: ${shapes.map((s) => `[${s.join(",")}]`).join(" ")}`);
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);
export const withLast = (shape: Shape, last: number | string): Shape => [...shape.slice(0, -1), last];
export const last = (shape: Shape): number | string => shape[shape.length - 1]!;
export const rows = (shape: readonly number[]): number => elements(shape.slice(0, -1));
