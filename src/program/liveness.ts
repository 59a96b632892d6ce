import { packedBytes } from "../formats/quantise.ts";
import { elements } from "../ops/definition.ts";
import { inputsOf, outputsOf, type Program, type Value, type ValueId } from "./program.ts";

const BYTES = { f32: 4, bf16: 2, i32: 4, i64: 8, u8: 1 } as const;

/** Bytes of a value of a Program whose sizes are all numbers. */
export function bytesOf(value: Value): number {
  const symbol = value.shape.find((d) => typeof d === "string");
  if (symbol !== undefined) throw new Error(`${value.name} has the symbolic size ${symbol}: no byte count`);
  const count = elements(value.shape as number[]);
  return value.packed === undefined ? count * BYTES[value.dtype] : packedBytes(value.packed, count);
}

/** Node index of the last use of each value; the node count for outputs, guards and next state. */
export function lastUses(program: Program): Map<ValueId, number> {
  const uses = new Map<ValueId, number>();
  for (const [i, node] of program.nodes.entries()) {
    for (const id of outputsOf(node)) uses.set(id, i);
    for (const id of inputsOf(node)) uses.set(id, i);
  }
  const kept = [...program.outputs, ...program.guards, ...program.state.map((slot) => slot.next)];
  for (const id of kept) uses.set(id, program.nodes.length);
  return uses;
}

export interface MemoryPlan {
  /** Byte offset of each intermediate value in the arena. */
  readonly offsets: ReadonlyMap<ValueId, number>;
  readonly arenaBytes: number;
  /** Peak bytes of live values: the memory that an allocator without fragmentation needs. */
  readonly peakBytes: number;
}

/** Bytes that are in use from one step to another, both included. */
export interface LiveRange {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/**
 * Byte offsets in one shared arena, by index of the live range: greedy by size, first fit into gaps that are free over the
 * whole range (Pisarchyk & Lee 2020, "Efficient Memory Management for Deep Neural Net Inference").
 */
export function placeLiveRanges(ranges: readonly LiveRange[]): { offsets: number[]; arenaBytes: number } {
  const offsets: number[] = ranges.map(() => 0);
  /** Indices of placed ranges, by offset. */
  const placed: number[] = [];
  let arenaBytes = 0;
  const largestFirst = [...ranges.keys()].sort(
    (a, b) => ranges[b]!.bytes - ranges[a]!.bytes || ranges[a]!.from - ranges[b]!.from,
  );
  for (const i of largestFirst) {
    const { from, to, bytes } = ranges[i]!;
    let offset = 0;
    for (const other of placed) {
      const rival = ranges[other]!;
      if (rival.from > to || from > rival.to) continue;
      if (offset + bytes <= offsets[other]!) break;
      offset = Math.max(offset, offsets[other]! + rival.bytes);
    }
    offsets[i] = offset;
    const behind = placed.findIndex((other) => offsets[other]! > offset);
    placed.splice(behind === -1 ? placed.length : behind, 0, i);
    arenaBytes = Math.max(arenaBytes, offset + bytes);
  }
  return { offsets, arenaBytes };
}

/**
 * Places the output of every node into one arena, in the Program's order. Inputs, weights and state are not counted.
 */
export function memoryPlan(program: Program, alignment = 64): MemoryPlan {
  const uses = lastUses(program);
  const made = program.nodes.flatMap((node, from) => outputsOf(node).map((id) => ({ id, from })));
  const ranges = made.map(({ id, from }) => ({
    from,
    to: uses.get(id)!,
    bytes: Math.ceil(bytesOf(program.values[id]!) / alignment) * alignment,
  }));
  const { offsets, arenaBytes } = placeLiveRanges(ranges);
  return {
    offsets: new Map(made.map(({ id }, i) => [id, offsets[i]!])),
    arenaBytes,
    peakBytes: peakOf(ranges),
  };
}

/** Sweep over the node order that sums the live bytes at each node. */
function peakOf(ranges: readonly LiveRange[]): number {
  const change = new Map<number, number>();
  for (const { from, to, bytes } of ranges) {
    change.set(from, (change.get(from) ?? 0) + bytes);
    change.set(to + 1, (change.get(to + 1) ?? 0) - bytes);
  }
  let live = 0;
  let peak = 0;
  for (const [, delta] of [...change].sort((a, b) => a[0] - b[0])) {
    live += delta;
    peak = Math.max(peak, live);
  }
  return peak;
}
