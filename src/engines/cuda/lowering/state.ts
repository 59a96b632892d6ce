import {
  inputsOf,
  type Node,
  outputsOf,
  type Program,
  type StateSlot,
  type ValueId,
} from "../../../program/program.ts";
import { adamwInPlace, clipNorm } from "../ops/optimizer.ts";
import { scaleAdd } from "../ops/shape.ts";
import { type CommandList, i32, ptr, type Vector } from "./commands.ts";
import type { FiniteCheck } from "./vector-layout.ts";

/** Nodes that replace a state value, so that they can update it in place. */
type InPlace = Node<"adamw" | "add" | "zerosLike">;

/**
 * State updates of a Program. They follow all other commands and take effect only if the guards are finite. AdamW, adding to a
 * state value and clearing one work in place; any other next value is computed separately and copied.
 */
export class StateUpdates {
  readonly #slots: readonly StateSlot[];
  readonly #inPlace: InPlace[];
  /** clipScale nodes whose clipped gradient only AdamW reads: AdamW applies the factor. */
  readonly #clips = new Map<ValueId, Node<"clipScale">>();

  constructor(program: Program, uses: ReadonlyMap<ValueId, number>) {
    this.#slots = program.state.filter(({ value, next }) => value !== next);
    const nextOf = new Map(this.#slots.map(({ value, next }) => [value, next]));
    const only = (id: ValueId): boolean => uses.get(id) === 1;
    const replaces = (state: ValueId, next: ValueId): boolean => nextOf.get(state) === next && only(next);
    const producers = new Map(
      program.nodes.flatMap((node) => outputsOf(node).map((id) => [id, node] as const)),
    );
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
      const clip = node.op === "adamw" ? producers.get(node.inputs.g) : undefined;
      if (clip?.op === "clipScale" && only(clip.outputs.clipped)) this.#clips.set(clip.outputs.clipped, clip);
    }
  }

  /** True if `finish` emits the node's commands. */
  defers(node: Node): boolean {
    return ([...this.#inPlace, ...this.#clips.values()] as Node[]).includes(node);
  }

  finish(list: CommandList, vector: (id: ValueId) => Vector, finite: FiniteCheck | undefined): void {
    const states = new Set(this.#slots.map(({ value }) => value));
    const before = new Map(
      this.#slots
        .filter(({ next }) => states.has(next))
        .map(({ next }) => [next, snapshotOf(list, vector(next))] as const),
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
      const args = [ptr(finite.flag), ptr(finite.guards), i32(finite.guards.length)];
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
        throw new Error(`cuda engine: ${node.op} reads state that is already updated`);
      list.op = node.op;
      for (const id of this.#update(node, list, vector, factors, flag)) updated.add(id);
    }
    for (const { value, next } of this.#slots) {
      if (!updated.has(value))
        scaleAdd(list, vector(value), { a: before.get(next) ?? vector(next), finite: flag });
    }
  }

  /** Appends the node's command. @returns the state values that it updates */
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
      adamwInPlace(list, update, node.attrs);
      return [p, m, v];
    }
    if (node.op === "add") {
      const { a, b } = node.inputs;
      scaleAdd(list, vector(a), { a: vector(a), b: vector(b), finite });
      return [a];
    }
    scaleAdd(list, vector(node.inputs.x), { finite });
    return [node.inputs.x];
  }
}

/** Copy of a state value before its update. */
export function snapshotOf(list: CommandList, state: Vector): Vector {
  const copy = list.vector(state.length);
  scaleAdd(list, copy, { a: state });
  return copy;
}
