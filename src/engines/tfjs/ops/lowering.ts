import type { AttrsOf, OpName } from "../../../ops/attrs.ts";
import type { Node, ValueId } from "../../../program/program.ts";
import type { FusionPlan } from "../../fusion.ts";
import type { Ref, Shape } from "../kernels.ts";
import type { KernelRecorder } from "../recorder.ts";

/** What a lowering sees of its node. */
export interface NodeContext<Op extends OpName = OpName> {
  readonly k: KernelRecorder;
  readonly node: Node<Op>;
  readonly attrs: AttrsOf<Op>;
  readonly fusion: FusionPlan;
  /** Input i in the shape of the Program's value. */
  grid(i: number): Ref;
  /** Input i as a matrix: all sizes but the last in one. */
  rows(i: number): Ref;
  /** The shape of input i. */
  shape(i: number): Shape;
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
