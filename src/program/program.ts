import type { PackedFormat } from "../formats/quantise.ts";
import type { AttrsOf, OpName } from "../ops/attrs.ts";
import type { Inputs, Outputs } from "../ops/signatures.ts";

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
  /** Site of a dropout mask (philox.ts); an engine may compute the mask where it needs it. */
  readonly mask?: { readonly site: number; readonly dropout: number };
  /** Storage format of a frozen bf16 matrix until it is multiplied. The matrix has the values that the format can hold. */
  readonly packed?: PackedFormat;
}

/** One operation; its inputs and outputs by the names of its signature (ops/signatures.ts), in that order. */
export interface NodeOf<Op extends OpName> {
  readonly op: Op;
  readonly inputs: Inputs<Op, ValueId>;
  readonly outputs: Outputs<Op, ValueId>;
  readonly attrs: AttrsOf<Op>;
  /** Block that the node belongs to, such as "layers.3"; recomputation works block by block. */
  readonly scope?: string;
  /** Value that must exist before the node runs: a scheduling constraint without effect on the result. */
  readonly after?: ValueId;
}
/** A union over the operations, so that `node.op === "linear"` makes `node.inputs.weight` known. */
export type Node<Op extends OpName = OpName> = { [Name in Op]: NodeOf<Name> }[Op];

/** One T, or several, for each operand of a node by its name. */
export type Named<T> = Readonly<Record<string, T | readonly T[]>>;

export function mapNamed<T, U>(named: Named<T>, map: (item: T, name: string, index: number) => U): Named<U> {
  const mapOne = (item: T | readonly T[], name: string): U | readonly U[] =>
    Array.isArray(item) ? item.map((part: T, i) => map(part, name, i)) : map(item as T, name, 0);
  return Object.fromEntries(Object.entries(named).map(([name, item]) => [name, mapOne(item, name)]));
}

/** In the order of the signature. */
export const inputsOf = ({ inputs }: Node): readonly ValueId[] =>
  Object.values(inputs as Named<ValueId>).flat();
export const outputsOf = ({ outputs }: Node): readonly ValueId[] =>
  Object.values(outputs as Named<ValueId>).flat();

/** The node with other inputs. */
export const withInputs = (node: Node, map: (id: ValueId, name: string) => ValueId): Node =>
  ({ ...node, inputs: mapNamed(node.inputs as Named<ValueId>, map) }) as Node;
export const withOutputs = (node: Node, map: (id: ValueId, name: string) => ValueId): Node =>
  ({ ...node, outputs: mapNamed(node.outputs as Named<ValueId>, map) }) as Node;

/** A value that stays in the engine between runs, and the value that replaces it when a run commits. */
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
  /** Frozen; the value's name is the weight's name in the weight source. */
  readonly weights: readonly ValueId[];
  readonly state: readonly StateSlot[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly ValueId[];
  /** A run commits its state when all of these values are finite. */
  readonly guards: readonly ValueId[];
}
