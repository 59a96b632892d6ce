import type { Node, Program, ValueId } from "../../program/program.ts";
import {
  type Address,
  at,
  type CommandList,
  type Field,
  f32,
  i32,
  type Matrix,
  padded,
  type Room,
  type Vector,
} from "./commands.ts";
import { type LoraUnit, sizeOf } from "./layout.ts";
import { partRows, type WeightSpec, weightBytes, weightKey } from "./weights.ts";

/** The frozen weights that a Program's commands name, and the factors that are placed beside them. */
export class WeightRooms {
  readonly #program: Program;
  readonly #vectorOf: (id: ValueId) => Vector;
  readonly #rooms = new Map<string, Room>();
  /** FactorEntry of kernels/place_factors.cu for every adapter, and the elements of the largest. */
  readonly #factors: Field[][] = [];
  #largestFactor = 0;

  constructor(program: Program, vectorOf: (id: ValueId) => Vector) {
    this.#program = program;
    this.#vectorOf = vectorOf;
  }

  /** Before everything that multiplies by them: the bf16 copies of all factors, in one launch. */
  placeFactors(list: CommandList): void {
    if (this.#factors.length === 0) return;
    list.op = "program";
    const entries = { at: list.constant(this.#factors.flat()) };
    const grid = [Math.ceil(this.#largestFactor / 256), this.#factors.length] as const;
    list.launch("place_factors", grid, 256, [entries]);
    list.commands.unshift(list.commands.pop()!);
  }

  #room(spec: WeightSpec): Room {
    const key = weightKey(spec);
    const room = this.#rooms.get(key) ?? {
      bytes: weightBytes(spec),
      place: { kind: "weight" as const, spec },
    };
    this.#rooms.set(key, room);
    return room;
  }

  plain(id: ValueId): Matrix {
    const { name } = this.#program.values[id]!;
    const { rows, width } = sizeOf(this.#program, id);
    const room = this.#room({ kind: "matrix", names: [name], rows: [rows], columns: width, tail: 0 });
    return { at: { room, offset: 0 }, rows, width, ld: padded(width) };
  }

  vectors(ids: readonly (ValueId | null)[], rows: readonly number[]): Vector {
    const names = ids.map((id) => (id === null ? null : this.#program.values[id]!.name));
    const room = this.#room({ kind: "vector", names, rows });
    return { at: { room, offset: 0 }, length: room.bytes / 4 };
  }

  ofUnit({ nodes, ranks, tail }: LoraUnit): { matrix: Matrix; starts: number[] } {
    const ids = nodes.map((node) => node.inputs[node.op === "loraLinear" ? 1 : 2]!);
    const sizes = ids.map((id) => sizeOf(this.#program, id));
    const spec = {
      kind: "matrix" as const,
      names: ids.map((id) => this.#program.values[id]!.name),
      rows: sizes.map(({ rows }) => rows),
      columns: sizes[0]!.width,
      tail,
    };
    const known = this.#rooms.has(weightKey(spec));
    const room = this.#room(spec);
    const starts = partRows(spec);
    const ld = padded(spec.columns) + tail;
    if (!known) this.#addFactors({ room, offset: 0 }, nodes, { ranks, starts, ld, columns: spec.columns });
    const matrix = {
      at: { room, offset: 0 },
      rows: starts.at(-1)! + tail,
      width: padded(spec.columns) + tail,
      ld,
    };
    return { matrix, starts };
  }

  #addFactors(
    weight: Address,
    nodes: LoraUnit["nodes"],
    {
      ranks,
      starts,
      ld,
      columns,
    }: { ranks: readonly number[]; starts: readonly number[]; ld: number; columns: number },
  ): void {
    let before = 0;
    for (const [i, node] of nodes.entries()) {
      const first = node.op === "loraLinear" ? 2 : 3;
      const [a, b] = [node.inputs[first]!, node.inputs[first + 1]!];
      const [rank, N] = [sizeOf(this.#program, a).rows, sizeOf(this.#program, b).rows];
      const [row, column] = [starts.at(-1)! + before, padded(columns) + before];
      const sizes = [N, columns, rank, ranks[i]!, ld, row, starts[i]!, column].map(i32);
      const places = [{ at: weight }, at(this.#vectorOf(a)), at(this.#vectorOf(b))];
      this.#factors.push([...places, ...sizes, f32(node.attrs.scale), i32(0)]);
      this.#largestFactor = Math.max(this.#largestFactor, ranks[i]! * (N + padded(columns)));
      before += ranks[i]!;
    }
  }

  biasOfUnit({ nodes }: LoraUnit): Vector | undefined {
    const biases = nodes.map((node) => {
      const { hasBias } = (node as Node<"loraLinear">).attrs;
      return hasBias ? node.inputs.at(-1)! : null;
    });
    if (biases.every((id) => id === null)) return undefined;
    const rows = nodes.map((node) => sizeOf(this.#program, node.inputs[1]!).rows);
    return this.vectors(biases, rows);
  }
}
