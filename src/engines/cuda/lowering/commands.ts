import type { OpName } from "../../../ops/attrs.ts";
import { padded, type WeightSpec } from "./weights.ts";

/** Device memory whose address is settled once all commands are known. */
export interface DeviceBuffer {
  readonly bytes: number;
  readonly storage: BufferStorage;
}

export type BufferStorage =
  /** Part of the arena, shared with buffers whose live ranges do not overlap. */
  | { readonly kind: "arena" }
  /** Written by the host before the first command of every run. */
  | { readonly kind: "feed" }
  /** Read by the host after the last command of every run. */
  | { readonly kind: "result" }
  | { readonly kind: "state"; readonly name: string }
  | { readonly kind: "weight"; readonly spec: WeightSpec }
  /** Written once its fields' addresses are known. */
  | { readonly kind: "constant"; readonly fields: readonly Field[] };

/** Part of a buffer from an offset on. */
export interface BufferView {
  readonly buffer: DeviceBuffer;
  /** Bytes. */
  readonly offset: number;
}

/** Field of a constant or argument of a kernel, by its C type. `view` null is a null pointer. */
export type Field =
  | { readonly view: BufferView | null }
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly f32: number }
  | { readonly floats: Float32Array };

/** Matrix [rows, width] of bf16 with a row stride of `ld` elements; may be a slice of columns of a wider one. */
export interface Matrix {
  readonly view: BufferView;
  readonly rows: number;
  readonly width: number;
  readonly ld: number;
}

/** Contiguous float32, int32 (ids, positions, segments) or bytes. */
export interface Vector {
  readonly view: BufferView;
  readonly length: number;
}

/** Kernel launch with unresolved addresses. */
export interface KernelCall {
  readonly kernel: string;
  readonly grid: readonly [number, number?, number?];
  readonly threads: number;
  /** Bytes of dynamic shared memory. */
  readonly sharedBytes: number;
  readonly args: readonly Exclude<Field, { floats: Float32Array }>[];
}

/** C [M,N] = A B (+ add) (+ bias), bf16 with float32 sums. The autotuner selects the kernel. */
export interface Gemm {
  readonly c: Matrix;
  readonly a: Matrix;
  readonly b: Matrix;
  /** nt: C = A Bᵀ, b [N, K]. nn: C = A B, b [K, N]. */
  readonly layout: "nt" | "nn";
  readonly k: number;
  /** Does not overlap c. */
  readonly add?: Matrix | undefined;
  /** Float32 [N]. */
  readonly bias?: Vector | undefined;
}

/** Cache key: every property of the GEMM except its addresses. */
export function gemmKey({ c, a, b, layout, k, add, bias }: Gemm): string {
  const sizes = `${layout} ${c.rows}x${c.width}x${k}, rows of ${c.ld}, ${a.ld}, ${b.ld}`;
  return `${sizes}${add === undefined ? "" : `, add ${add.ld}`}${bias === undefined ? "" : ", bias"}`;
}

export type Command = {
  /** Operation of the node that the command implements. */
  readonly op: OpName | "program";
} & ({ readonly call: KernelCall } | { readonly gemm: Gemm });

/** Operands and arguments of a command. */
export function fieldsOf(command: Command): readonly Field[] {
  if ("call" in command) return command.call.args;
  const { c, a, b, add, bias } = command.gemm;
  return [c, a, b, add, bias].map(ptr);
}

/** Slice of `width` columns from column `from` on. */
export function columnSlice(matrix: Matrix, from: number, width: number): Matrix {
  return { ...matrix, width, view: { buffer: matrix.view.buffer, offset: matrix.view.offset + 2 * from } };
}

/** Slice of `rows` rows from row `from` on. */
export function rowSlice(matrix: Matrix, from: number, rows: number): Matrix {
  return {
    ...matrix,
    rows,
    view: { buffer: matrix.view.buffer, offset: matrix.view.offset + 2 * from * matrix.ld },
  };
}

/** Slice of `length` elements of `bytes` each from element `from` on. */
export function vectorSlice({ view }: Vector, from: number, length: number, bytes = 4): Vector {
  return { view: { buffer: view.buffer, offset: view.offset + bytes * from }, length };
}

/** Commands of one run of a Program, in order. */
export class CommandList {
  readonly commands: Command[] = [];
  /** Operation of the commands appended next. */
  op: Command["op"] = "program";

  launch(
    kernel: string,
    grid: KernelCall["grid"],
    threads: number,
    args: KernelCall["args"],
    sharedBytes = 0,
  ): void {
    this.commands.push({ call: { kernel, grid, threads, sharedBytes, args }, op: this.op });
  }

  multiply(gemm: Gemm): void {
    this.commands.push({ gemm, op: this.op });
  }

  matrix(rows: number, width: number, loraColumns = 0): Matrix {
    const ld = padded(width) + loraColumns;
    return { view: arena(2 * rows * ld), rows, width, ld };
  }

  vector(length: number): Vector {
    return { view: arena(4 * length), length };
  }

  bytes(length: number): Vector {
    return { view: arena(length), length };
  }

  constant(fields: readonly Field[]): BufferView {
    const bytes = fields.reduce((sum, field) => sum + sizeOfField(field), 0);
    return { buffer: { bytes, storage: { kind: "constant", fields } }, offset: 0 };
  }
}

const arena = (bytes: number): BufferView => ({ buffer: { bytes, storage: { kind: "arena" } }, offset: 0 });

export function sizeOfField(field: Field): number {
  if ("floats" in field) return field.floats.byteLength;
  return "i32" in field || "f32" in field ? 4 : 8;
}

export const ptr = (
  place: { readonly view: BufferView } | undefined | null,
): Field & { view: BufferView | null } => ({
  view: place?.view ?? null,
});
export const i32 = (value: number): { i32: number } => ({ i32: value });
export const i64 = (value: number): { i64: number } => ({ i64: value });
export const f32 = (value: number): { f32: number } => ({ f32: value });
