import type { PackedFormat } from "../../../formats/quantise.ts";
import type { Program, ValueId } from "../../../program/program.ts";
import { VECTOR8_THREADS, vector8Grid } from "../ops/lowering.ts";
import {
  type CommandList,
  type DeviceBuffer,
  type Field,
  f32,
  i32,
  type Matrix,
  ptr,
  type Vector,
} from "./commands.ts";
import { type FusedProjections, matrixSize } from "./matrix-layout.ts";
import type { VectorLayout } from "./vector-layout.ts";
import { type MatrixSpec, padded, rowOffsets, type WeightSpec, weightBytes, weightKey } from "./weights.ts";

/** FactorEntry of kernels/place_factors.cu, and the number of elements that it copies. */
interface Factor {
  readonly entry: readonly Field[];
  readonly elements: number;
}

/**
 * Frozen weights of a Program's commands, and the copies of the LoRA factors beside them: one launch before everything else for
 * bf16 weights, one after each unpacking for packed weights.
 */
export class WeightBuffers {
  readonly #program: Program;
  readonly #list: CommandList;
  readonly #vectors: VectorLayout;
  readonly #buffers = new Map<string, DeviceBuffer>();
  readonly #factors: Factor[] = [];

  constructor(program: Program, list: CommandList, vectors: VectorLayout) {
    this.#program = program;
    this.#list = list;
    this.#vectors = vectors;
  }

  /** Prepends the launch that copies the factors of all bf16 weights. */
  placeFactors(): void {
    if (this.#factors.length === 0) return;
    this.#list.op = "program";
    this.#place(this.#factors);
    this.#list.commands.unshift(this.#list.commands.pop()!);
  }

  #place(factors: readonly Factor[]): void {
    const entries = { view: this.#list.constant(factors.flatMap(({ entry }) => entry)) };
    const largest = Math.max(...factors.map(({ elements }) => elements));
    this.#list.launch("place_factors", [Math.ceil(largest / 256), factors.length], 256, [entries]);
  }

  #buffer(spec: WeightSpec): DeviceBuffer {
    const key = weightKey(spec);
    const buffer = this.#buffers.get(key) ?? {
      bytes: weightBytes(spec),
      storage: { kind: "weight" as const, spec },
    };
    this.#buffers.set(key, buffer);
    return buffer;
  }

  /** A weight without LoRA columns; a packed one is unpacked by a command appended here. */
  matrix(id: ValueId): Matrix {
    const { name, packed } = this.#program.values[id]!;
    const { rows, width } = matrixSize(this.#program, id);
    const spec = {
      kind: "matrix",
      names: [name],
      rows: [rows],
      columns: width,
      loraColumns: 0,
      packed,
    } as const;
    if (packed !== undefined) return this.#unpacked(spec, packed);
    return { view: { buffer: this.#buffer(spec), offset: 0 }, rows, width, ld: padded(width) };
  }

  /** Appends the unpacking to bf16. LoRA columns beside the weight are zero, LoRA rows below are uninitialised. */
  #unpacked(spec: MatrixSpec, format: PackedFormat): Matrix {
    const rows = rowOffsets(spec).at(-1)!;
    const out = this.#list.matrix(rows + spec.loraColumns, spec.columns, spec.loraColumns);
    const from = { view: { buffer: this.#buffer(spec), offset: 0 } };
    const sizes = [rows, spec.columns, out.ld, out.ld].map(i32);
    const grid = vector8Grid({ rows, width: out.ld });
    this.#list.launch(`dequantise_${format}`, grid, VECTOR8_THREADS, [ptr(out), from, ...sizes]);
    return out;
  }

  /** Frozen vectors in one buffer, each padded to eight; null for a missing one, which is zero. */
  vector(ids: readonly (ValueId | null)[], rows: readonly number[]): Vector {
    const names = ids.map((id) => (id === null ? null : this.#program.values[id]!.name));
    const buffer = this.#buffer({ kind: "vector", names, rows });
    return { view: { buffer, offset: 0 }, length: buffer.bytes / 4 };
  }

  /** Weight of fused projections with its LoRA columns. A packed one is unpacked, and its factors are copied, by commands appended here. */
  fusedWeight(projections: FusedProjections): { matrix: Matrix; partOffsets: number[] } {
    const { nodes, loraColumns } = projections;
    const ids = nodes.map(({ inputs }) => inputs.weight);
    const sizes = ids.map((id) => matrixSize(this.#program, id));
    const spec = {
      kind: "matrix" as const,
      names: ids.map((id) => this.#program.values[id]!.name),
      rows: sizes.map(({ rows }) => rows),
      columns: sizes[0]!.width,
      loraColumns,
      packed: this.#program.values[ids[0]!]!.packed,
    };
    const partOffsets = rowOffsets(spec);
    const width = padded(spec.columns) + loraColumns;
    if (spec.packed !== undefined) {
      const matrix = { ...this.#unpacked(spec, spec.packed), width };
      this.#place(this.#factorsOf(projections, matrix, partOffsets));
      return { matrix, partOffsets };
    }
    const known = this.#buffers.has(weightKey(spec));
    const place = { buffer: this.#buffer(spec), offset: 0 };
    const matrix = { view: place, rows: partOffsets.at(-1)! + loraColumns, width, ld: width };
    if (!known) this.#factors.push(...this.#factorsOf(projections, matrix, partOffsets));
    return { matrix, partOffsets };
  }

  #factorsOf(
    { nodes, ranks, loraColumns }: FusedProjections,
    weight: Matrix,
    partOffsets: readonly number[],
  ): Factor[] {
    let rankOffset = 0;
    return nodes.map((node, i): Factor => {
      const { A: a, B: b } = node.inputs;
      const [{ rows: rank, width: K }, { rows: N }] = [
        matrixSize(this.#program, a),
        matrixSize(this.#program, b),
      ];
      const [row, column] = [partOffsets.at(-1)! + rankOffset, weight.width - loraColumns + rankOffset];
      const sizes = [N, K, rank, ranks[i]!, weight.ld, row, partOffsets[i]!, column].map(i32);
      const places = [ptr(weight), ptr(this.#vectors.vector(a)), ptr(this.#vectors.vector(b))];
      rankOffset += ranks[i]!;
      const entry = [...places, ...sizes, f32(node.attrs.scale), i32(0)];
      return { entry, elements: ranks[i]! * (N + padded(K)) };
    });
  }

  /** Biases of fused projections; undefined if none has one. */
  fusedBias({ nodes }: FusedProjections): Vector | undefined {
    const biases = nodes.map((node) => (node.op === "loraLinear" ? (node.inputs.bias ?? null) : null));
    if (biases.every((id) => id === null)) return undefined;
    const rows = nodes.map((node) => matrixSize(this.#program, node.inputs.weight).rows);
    return this.vector(biases, rows);
  }
}
