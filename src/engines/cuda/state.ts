import type { Node, Program, StateSlot, ValueId } from "../../program/program.ts";
import { at, type CommandList, i32, type Vector } from "./commands.ts";
import type { Finite } from "./lower.ts";
import { clipNorm, updateInPlace } from "./ops/optimizer.ts";
import { moveVector } from "./ops/shape.ts";

/**
 * How state moves on: in place, after everything else, and only when the guards are finite. AdamW, a sum into a state value
 * and clearing one are done where the state lies; any other next value is made apart and copied.
 */
export class StateUpdates {
  readonly #slots: readonly StateSlot[];
  readonly #inPlace: Node[];
  /** clipScale nodes whose clipped gradient nobody but AdamW reads: its factor is applied there. */
  readonly #clips = new Map<ValueId, Node<"clipScale">>();

  constructor(program: Program, uses: ReadonlyMap<ValueId, number>) {
    this.#slots = program.state.filter(({ value, next }) => value !== next);
    const nextOf = new Map(this.#slots.map(({ value, next }) => [value, next]));
    const only = (id: ValueId): boolean => uses.get(id) === 1;
    this.#inPlace = program.nodes.filter(({ op, inputs, outputs }) => {
      const moves = (input: number, output: number): boolean =>
        nextOf.get(inputs[input]!) === outputs[output] && only(outputs[output]!);
      if (op === "adamw") return moves(0, 0) && moves(2, 1) && moves(3, 2);
      return (op === "add" || op === "zerosLike") && moves(0, 0);
    });
    const made = new Map(program.nodes.flatMap((node) => node.outputs.map((id) => [id, node] as const)));
    for (const { op, inputs } of this.#inPlace) {
      const clip = op === "adamw" ? made.get(inputs[1]!) : undefined;
      if (clip?.op === "clipScale" && only(clip.outputs[0]!))
        this.#clips.set(inputs[1]!, clip as Node<"clipScale">);
    }
  }

  /** Whether the node is left to `finish`. */
  defers(node: Node): boolean {
    return this.#inPlace.includes(node) || [...this.#clips.values()].includes(node as Node<"clipScale">);
  }

  finish(list: CommandList, vector: (id: ValueId) => Vector, finite: Finite | undefined): void {
    const states = new Set(this.#slots.map(({ value }) => value));
    const before = new Map(
      this.#slots
        .filter(({ next }) => states.has(next))
        .map(({ next }) => [next, copyOf(list, vector(next))] as const),
    );
    const factors = new Map<ValueId, Vector>();
    for (const [clipped, { op, inputs, outputs, attrs }] of this.#clips) {
      list.op = op;
      const [squares, count, norm] = [vector(inputs[1]!), vector(inputs[2]!), vector(outputs[1]!)];
      factors.set(clipped, clipNorm(list, { norm, squares, count, limit: attrs.limit }));
    }
    list.op = "program";
    if (finite !== undefined) {
      const args = [at(finite.flag), at(finite.guards), i32(finite.guards.length)];
      list.launch("all_finite", [1], 256, args);
    }
    const flag = finite?.flag;
    const updated = new Set<ValueId>();
    for (const node of this.#inPlace) {
      const { op, inputs } = node;
      if (inputs.slice(1).some((id) => updated.has(id)))
        throw new Error(`cuda engine: ${op} reads state that has moved`);
      list.op = op;
      const state = vector(inputs[0]!);
      if (op === "adamw") {
        const [m, v, ...scalars] = inputs.slice(2).map(vector) as [Vector, Vector, Vector, Vector, Vector];
        const clip = this.#clips.get(inputs[1]!);
        const update = {
          parameters: state,
          moment1: m,
          moment2: v,
          gradient: vector(clip?.inputs[0] ?? inputs[1]!),
          factor: factors.get(inputs[1]!),
          finite: flag,
          scalars: scalars as [Vector, Vector, Vector],
        };
        updateInPlace(list, update, (node as Node<"adamw">).attrs);
        for (const i of [0, 2, 3]) updated.add(inputs[i]!);
      } else {
        moveVector(
          list,
          state,
          op === "add" ? { a: state, b: vector(inputs[1]!), finite: flag } : { finite: flag },
        );
        updated.add(inputs[0]!);
      }
    }
    for (const { value, next } of this.#slots) {
      if (!updated.has(value))
        moveVector(list, vector(value), { a: before.get(next) ?? vector(next), finite: flag });
    }
  }
}

/** A state value as it is now, for whoever asks for it after it has moved. */
export function copyOf(list: CommandList, state: Vector): Vector {
  const copy = list.vector(state.length);
  moveVector(list, copy, { a: state });
  return copy;
}
