import type { AttrsOf, OpName } from "../../../ops/attrs.ts";
import type { Node } from "../../../program/program.ts";
import { type CommandList, type Matrix, padded, type Vector } from "../commands.ts";
import type { FusedProjections } from "../layout.ts";

/** What the lowering of one node sees; inputs and outputs are named by their position. */
export interface NodeContext<Op extends OpName> {
  readonly list: CommandList;
  readonly node: Node<Op>;
  readonly attrs: AttrsOf<Op>;
  /** Input as a bf16 matrix. */
  matrix(input: number): Matrix;
  /** Input as float32, int32 or bytes one behind the other. */
  vector(input: number): Vector;
  /** Input that is a dropout mask, one byte an element; made by a command at this place unless it was fed. */
  dropoutMask(input: number): Vector;
  /** Frozen matrix by itself. */
  weight(input: number): Matrix;
  /** Frozen vector, float32. */
  weightVector(input: number): Vector;
  /** Room for an output; where a sum is made on the way out, room for the sum. */
  out(output: number): Matrix;
  outVector(output: number): Vector;
  shape(input: number): readonly number[];
  /** Whether anybody reads the output. */
  isRead(output: number): boolean;
  /** What has to be added to the output on the way out. */
  addend(): Matrix | undefined;
  /** Of the low-rank products: what is done together, and where its weight lies. */
  readonly lora: LoraContext;
}

export interface LoraContext {
  projections(): FusedProjections;
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
