import type { AttrsOf, OpName } from "../../../ops/attrs.ts";
import type { InputName } from "../../../ops/signatures.ts";
import type { NodeOf, ValueId } from "../../../program/program.ts";
import type { FusionPlan } from "../../fusion.ts";
import type { Ref, Shape } from "../kernels.ts";
import type { KernelRecorder } from "../recorder.ts";

/** What a lowering sees of its node. */
export interface NodeContext<Op extends OpName> {
  readonly k: KernelRecorder;
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
  /** Matrices one above the other: a single slice where they lie side by side in the flat state. */
  stack(ids: readonly ValueId[]): Ref;
  /** Gives a value of another node, which left it to this one. */
  define(id: ValueId, ref: Ref): void;
}

/**
 * The outputs in order, in any shape of the right number of elements. A list is a sum that is not yet made, so that what is
 * added later goes into one pass; null is a value that a later node defines.
 */
export type Lowering<Op extends OpName> = (
  c: NodeContext<Op>,
) => readonly (Ref | readonly [Ref, ...Ref[]] | null)[];
