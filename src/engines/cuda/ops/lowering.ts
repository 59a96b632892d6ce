import type { AttrsOf, OpName } from "../../../ops/attrs.ts";
import type { ActivationRole, InputName, MatrixRole, OutputName } from "../../../ops/signatures.ts";
import type { NodeOf, ValueId } from "../../../program/program.ts";
import type { LoraOp } from "../../fusion.ts";
import { type CommandList, type Matrix, padded, type Vector } from "../commands.ts";
import type { FusedProjections } from "../layout.ts";

/** What the lowering of one node sees. */
export interface NodeContext<Op extends OpName> {
  readonly list: CommandList;
  readonly node: NodeOf<Op>;
  readonly attrs: AttrsOf<Op>;
  /** Input as a bf16 matrix. */
  matrix(input: InputName<Op, ActivationRole>): Matrix;
  /** Input as contiguous float32, int32 or bytes. */
  vector(input: InputName<Op, VectorRole>): Vector;
  /** Dropout mask, one byte an element; made by a command at this place unless it was fed. */
  dropoutMask(input: InputName<Op, "mask">): Vector;
  /** Frozen matrix by itself. */
  weight(input: InputName<Op, MatrixRole>): Matrix;
  /** Frozen vector, float32. */
  weightVector(input: InputName<Op, "normWeight" | "bias">): Vector;
  /** Destination of an output; of the sum, where an addition is fused. */
  out(output: OutputName<Op, ActivationRole>): Matrix;
  outVector(output: OutputName<Op, VectorRole>): Vector;
  shape(input: InputName<Op>): readonly number[];
  isRead(output: OutputName<Op>): boolean;
  /** Matrix to be added to the output in the same command. */
  addend(): Matrix | undefined;
  /** Vector of a value that is one of a list of operands. */
  vectorOf(id: ValueId): Vector;
  /** Projections that are computed together, and their weight. */
  readonly lora: LoraContext<Op>;
}

type VectorRole = "tensor" | "flat" | "statistic" | "scalar" | "index" | "mask";

export interface LoraContext<Op extends OpName> {
  projections(): FusedProjections<Extract<Op, LoraOp>>;
  /** The unit's augmented weight, see weights.ts, and the first row of each node's part, then of the A's. */
  weight(): { readonly matrix: Matrix; readonly partOffsets: readonly number[] };
  bias(): Vector | undefined;
  /** The last of a unit makes the gradient of the input for all; the others' only passes on what was to be added to it. */
  aliasToAddend(): void;
  /** Where matrices of another node of the unit lie. */
  matrixOf(id: number): Matrix;
  vectorOf(id: number): Vector;
}

export type Lowering<Op extends OpName> = (context: NodeContext<Op>) => void;

/** One block for each `threads` elements. */
export const blocksFor = (elements: number, threads: number): number => Math.ceil(elements / threads);

/** Threads of a block of the kernels in which each thread takes eight columns of a row (place_of_eight in kernels/gpu.h). */
export const VECTOR8_THREADS = 256;

/** Grid of such a kernel. */
export const vector8Grid = ({ rows, width }: Pick<Matrix, "rows" | "width">): [number] => [
  blocksFor((rows * padded(width)) / 8, VECTOR8_THREADS),
];
