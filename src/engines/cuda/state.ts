import {
  inputsOf,
  type Node,
  outputsOf,
  type Program,
  type StateSlot,
  type ValueId,
} from "../../program/program.ts";
import { at, type CommandList, i32, type Vector } from "./commands.ts";
import type { Finite } from "./lower.ts";
import { clipNorm, updateInPlace } from "./ops/optimizer.ts";
import { moveVector } from "./ops/shape.ts";

/** Nodes that replace a state value, so that they can update it in place. */
type InPlace = Node<"adamw" | "add" | "zerosLike">;

/**
 * How state moves on: in place, after everything else, and only when the guards are finite. AdamW, a sum into a state value
 * and clearing one are done where the state lies; any other next value is made apart and copied.
 */
export class StateUpdates {
  readonly #slots: readonly StateSlot[];
  readonly #inPlace: InPlace[];
  /** clipScale nodes whose clipped gradient nobody but AdamW reads: its factor is applied there. */
  readonly #clips = new Map<ValueId, Node<"clipScale">>();

  constructor(program: Program, uses: ReadonlyMap<ValueId, number>) {
    this.#slots = program.state.filter(({ value, next }) => value !== next);
    const nextOf = new Map(this.#slots.map(({ value, next }) => [value, next]));
    const only = (id: ValueId): boolean => uses.get(id) === 1;
    const replaces = (state: ValueId, next: ValueId): boolean => nextOf.get(state) === next && only(next);
    const made = new Map(program.nodes.flatMap((node) => outputsOf(node).map((id) => [id, node] as const)));
    this.#inPlace = program.nodes.filter(
      (node): node is InPlace =>
        (node.op === "adamw" &&
          replaces(node.inputs.p, node.outputs.pNext) &&
          replaces(node.inputs.m, node.outputs.mNext) &&
          replaces(node.inputs.v, node.outputs.vNext)) ||
        (node.op === "add" && replaces(node.inputs.a, node.outputs.y)) ||
        (node.op === "zerosLike" && replaces(node.inputs.x, node.outputs.y)),
    );
    for (const node of this.#inPlace) {
      const clip = node.op === "adamw" ? made.get(node.inputs.g) : undefined;
      if (clip?.op === "clipScale" && only(clip.outputs.clipped)) this.#clips.set(clip.outputs.clipped, clip);
    }
  }

  /** Whether the node is left to `finish`. */
  defers(node: Node): boolean {
    return ([...this.#inPlace, ...this.#clips.values()] as Node[]).includes(node);
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
      const { sumSquares, count } = inputs;
      factors.set(
        clipped,
        clipNorm(list, {
          norm: vector(outputs.norm),
          squares: vector(sumSquares),
          count: vector(count),
          limit: attrs.limit,
        }),
      );
    }
    list.op = "program";
    if (finite !== undefined) {
      const args = [at(finite.flag), at(finite.guards), i32(finite.guards.length)];
      list.launch("all_finite", [1], 256, args);
    }
    const flag = finite?.flag;
    const updated = new Set<ValueId>();
    for (const node of this.#inPlace) {
      if (
        inputsOf(node)
          .slice(1)
          .some((id) => updated.has(id))
      )
        throw new Error(`cuda engine: ${node.op} reads state that has moved`);
      list.op = node.op;
      for (const id of this.#update(node, list, vector, factors, flag)) updated.add(id);
    }
    for (const { value, next } of this.#slots) {
      if (!updated.has(value))
        moveVector(list, vector(value), { a: before.get(next) ?? vector(next), finite: flag });
    }
  }

  /** Puts the node's command on the list and returns the state values that it updates. */
  #update(
    node: InPlace,
    list: CommandList,
    vector: (id: ValueId) => Vector,
    factors: ReadonlyMap<ValueId, Vector>,
    finite: Vector | undefined,
  ): readonly ValueId[] {
    if (node.op === "adamw") {
      const { p, g, m, v, learningRate, correction1, correction2 } = node.inputs;
      const update = {
        parameters: vector(p),
        moment1: vector(m),
        moment2: vector(v),
        gradient: vector(this.#clips.get(g)?.inputs.g ?? g),
        factor: factors.get(g),
        finite,
        scalars: [vector(learningRate), vector(correction1), vector(correction2)] as const,
      };
      updateInPlace(list, update, node.attrs);
      return [p, m, v];
    }
    if (node.op === "add") {
      const { a, b } = node.inputs;
      moveVector(list, vector(a), { a: vector(a), b: vector(b), finite });
      return [a];
    }
    moveVector(list, vector(node.inputs.x), { finite });
    return [node.inputs.x];
  }
}

/** A state value as it is now, for whoever asks for it after it has moved. */
export function copyOf(list: CommandList, state: Vector): Vector {
  const copy = list.vector(state.length);
  moveVector(list, copy, { a: state });
  return copy;
}
