import type { PackedFormat } from "../../formats/quantise.ts";
import type { Program, ValueId } from "../../program/program.ts";
import {
  at,
  type CommandList,
  type DeviceBuffer,
  type Field,
  f32,
  i32,
  type Matrix,
  padded,
  type Vector,
} from "./commands.ts";
import { type FusedProjections, sizeOf } from "./layout.ts";
import { VECTOR8_THREADS, vector8Grid } from "./ops/lowering.ts";
import { type MatrixSpec, rowOffsets, type WeightSpec, weightBytes, weightKey } from "./weights.ts";

/** FactorEntry of kernels/place_factors.cu, and the elements that it places. */
interface Factor {
  readonly entry: readonly Field[];
  readonly elements: number;
}

/**
 * The frozen weights that a Program's commands name, and the factors that are placed beside them: once for all where the weights
 * lie in bf16, and after each unpacking where they are packed.
 */
export class WeightBuffers {
  readonly #program: Program;
  readonly #list: CommandList;
  readonly #vectorOf: (id: ValueId) => Vector;
  readonly #buffers = new Map<string, DeviceBuffer>();
  readonly #factors: Factor[] = [];

  constructor(program: Program, list: CommandList, vectorOf: (id: ValueId) => Vector) {
    this.#program = program;
    this.#list = list;
    this.#vectorOf = vectorOf;
  }

  /** Before everything that multiplies by them: the bf16 copies of the factors of all units that are not packed, in one launch. */
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

  /** Unpacked by a command at this place if it is packed. */
  plain(id: ValueId): Matrix {
    const { name, packed } = this.#program.values[id]!;
    const { rows, width } = sizeOf(this.#program, id);
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

  /** All of a packed weight in bf16, in columns in front of the tail, which is zero beside them and free below. */
  #unpacked(spec: MatrixSpec, format: PackedFormat): Matrix {
    const rows = rowOffsets(spec).at(-1)!;
    const out = this.#list.matrix(rows + spec.loraColumns, spec.columns, spec.loraColumns);
    const from = { view: { buffer: this.#buffer(spec), offset: 0 } };
    const sizes = [rows, spec.columns, out.ld, out.ld].map(i32);
    const grid = vector8Grid({ rows, width: out.ld });
    this.#list.launch(`dequantise_${format}`, grid, VECTOR8_THREADS, [at(out), from, ...sizes]);
    return out;
  }

  vectors(ids: readonly (ValueId | null)[], rows: readonly number[]): Vector {
    const names = ids.map((id) => (id === null ? null : this.#program.values[id]!.name));
    const buffer = this.#buffer({ kind: "vector", names, rows });
    return { view: { buffer, offset: 0 }, length: buffer.bytes / 4 };
  }

  /** A packed one is unpacked, and its factors are placed, by commands at this place. */
  fusedWeight(projections: FusedProjections): { matrix: Matrix; partOffsets: number[] } {
    const { nodes, loraColumns } = projections;
    const ids = nodes.map(({ inputs }) => inputs.weight);
    const sizes = ids.map((id) => sizeOf(this.#program, id));
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
    let before = 0;
    return nodes.map((node, i): Factor => {
      const { A: a, B: b } = node.inputs;
      const [{ rows: rank, width: K }, { rows: N }] = [sizeOf(this.#program, a), sizeOf(this.#program, b)];
      const [row, column] = [partOffsets.at(-1)! + before, weight.width - loraColumns + before];
      const sizes = [N, K, rank, ranks[i]!, weight.ld, row, partOffsets[i]!, column].map(i32);
      const places = [at(weight), at(this.#vectorOf(a)), at(this.#vectorOf(b))];
      before += ranks[i]!;
      const entry = [...places, ...sizes, f32(node.attrs.scale), i32(0)];
      return { entry, elements: ranks[i]! * (N + padded(K)) };
    });
  }

  fusedBias({ nodes }: FusedProjections): Vector | undefined {
    const biases = nodes.map((node) => (node.op === "loraLinear" ? (node.inputs.bias ?? null) : null));
    if (biases.every((id) => id === null)) return undefined;
    const rows = nodes.map((node) => sizeOf(this.#program, node.inputs.weight).rows);
    return this.vectors(biases, rows);
  }
}
