import type { AttrsOf, OpName } from "../../ops/attrs.ts";
import type { InputName, Outputs } from "../../ops/signatures.ts";
import type { DType, NodeOf, Shape, ValueId } from "../../program/program.ts";
import type { FusionPlan } from "../fusion.ts";
import type { Sum, Tensor, TensorBuilder } from "./tensor-builder.ts";

/** The view of a node that a lowering gets. */
export interface NodeContext<Op extends OpName> {
  readonly b: TensorBuilder;
  readonly node: NodeOf<Op>;
  readonly attrs: AttrsOf<Op>;
  readonly fusion: FusionPlan;
  /** Input in the shape of the Program's value. */
  grid(name: InputName<Op>): Tensor;
  /** Input as a matrix: all sizes but the last in one. */
  rows(name: InputName<Op>): Tensor;
  shape(name: InputName<Op>): Shape;
  /** Any value, in its shape. */
  gridOf(id: ValueId): Tensor;
  shapeOf(id: ValueId): Shape;
  dtypeOf(id: ValueId): DType;
  /** Start of the sum in the node's fusable output: what the fusion plan adds to it, or nothing. */
  readonly into: Sum;
  /** Matrices one above the other: a single slice where they are adjacent in the flat state. */
  stack(ids: readonly ValueId[]): Tensor;
  /** Sets an output of another node, which left it to this one. */
  define(id: ValueId, x: Tensor): void;
}

/** In any shape of the right number of elements; null for an output that a later node defines. */
export type Lowered = Tensor | Sum | null;
export type Lowering<Op extends OpName> = (c: NodeContext<Op>) => Outputs<Op, Lowered>;
export type Lowerings = { readonly [Op in OpName]: Lowering<Op> };
