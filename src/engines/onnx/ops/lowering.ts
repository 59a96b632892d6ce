import type { AttrsOf, OpName } from "../../../ops/attrs.ts";
import type { InputName } from "../../../ops/signatures.ts";
import type { NodeOf, Shape, ValueId } from "../../../program/program.ts";
import type { FusionPlan } from "../../fusion.ts";
import type { GraphEmitter, Ref } from "../graph.ts";

/** What a lowering sees of its node. */
export interface NodeContext<Op extends OpName> {
  readonly g: GraphEmitter;
  readonly node: NodeOf<Op>;
  readonly attrs: AttrsOf<Op>;
  readonly fusion: FusionPlan;
  /** Input in the shape of the Program's value. */
  grid(name: InputName<Op>): Ref;
  gridOf(id: ValueId): Ref;
  /** Input as a matrix: all sizes but the last in one. */
  rows(name: InputName<Op>): Ref;
  /** The shape of an input. */
  shape(name: InputName<Op>): Shape;
  shapeOf(id: ValueId): Shape;
  /** What the result is to be added to, as a matrix, where the plan folds an addition into this node. */
  readonly into: Ref | undefined;
  /** Matrices one above the other: a single slice where they lie side by side in the flat state. */
  stack(ids: readonly ValueId[]): Ref;
  /** Gives a value of another node, which left it to this one. */
  define(id: ValueId, ref: Ref): void;
}

/** The outputs in order, in any shape of the right number of elements; null for one that a later node defines. */
export type Lowering<Op extends OpName> = (c: NodeContext<Op>) => readonly (Ref | null)[];
