import type { PackedFormat } from "../formats/quantise.ts";
import type { AttrsOf, OpName } from "../ops/attrs.ts";

/** A number, or a named symbol such as "past_sequence_length". No arithmetic; training Programs hold numbers only. */
export type Dim = number | string;
export type Shape = readonly Dim[];
export type DType = "f32" | "bf16" | "i32" | "i64" | "u8";
/** Index into `Program.values`. */
export type ValueId = number;

export interface Value {
  readonly id: ValueId;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Of an input that is the dropout mask of a site (philox.ts): an engine may make it where it needs it. */
  readonly mask?: { readonly site: number; readonly dropout: number };
  /** Of a weight that is bf16 when it is multiplied: how an engine keeps it until then. Its values are those that the format can hold. */
  readonly packed?: PackedFormat;
}

export interface Node<Op extends OpName = OpName> {
  readonly op: Op;
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  readonly attrs: AttrsOf<Op>;
  /** The block that the node belongs to, such as "layers.3"; recomputation works block by block. */
  readonly scope?: string;
  /** A scheduling constraint without meaning for the result: run only after this value exists. */
  readonly after?: ValueId;
}

/** A value that lives in the engine between runs, and the value that replaces it when a run succeeds. */
export interface StateSlot {
  readonly value: ValueId;
  readonly next: ValueId;
}

/**
 * A static graph in topological order (single assignment: each value is an input, a weight, a state value,
 * or an output of exactly one node). Everything else is a function of it.
 */
export interface Program {
  readonly name: string;
  readonly values: readonly Value[];
  /** Fed at each run. */
  readonly inputs: readonly ValueId[];
  /** Frozen; the value's name is the weight's name in the weight source. How it is stored is the source's affair. */
  readonly weights: readonly ValueId[];
  readonly state: readonly StateSlot[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly ValueId[];
  /** State moves on only when all of these values are finite. */
  readonly guards: readonly ValueId[];
}
