import { type LiveRange, placeLiveRanges } from "../../../program/liveness.ts";
import type { DeviceMemory } from "../../engine.ts";
import { type BufferStorage, type BufferView, type DeviceBuffer, type Field, fieldsOf } from "./commands.ts";
import { type LoweredProgram, viewOf } from "./lower.ts";
import { weightKey } from "./weights.ts";

/** Alignment of cuMemAlloc, bytes; sufficient for every load of the kernels. */
const ALIGNMENT = 256;

/** Offsets and sizes of a lowered Program's buffers, before any allocation. */
export interface MemoryLayout {
  /** Offset of each buffer in the block of its kind, bytes. */
  readonly offsets: ReadonlyMap<DeviceBuffer, number>;
  readonly arenaBytes: number;
  readonly feedBytes: number;
  readonly resultBytes: number;
  readonly constants: readonly DeviceBuffer[];
  readonly constantBytes: number;
  /** State and weights, which the session keeps by name and key. */
  readonly persistent: readonly DeviceBuffer[];
}

/**
 * Places the buffers. An arena buffer is live from the first to the last command that names it, a fed one from the start, an
 * output to the end.
 */
export function layOutMemory({ list, inputs, outputs }: LoweredProgram): MemoryLayout {
  const ranges = new Map<DeviceBuffer, { from: number; to: number }>();
  const end = list.commands.length;
  const use = (view: BufferView | null, when: number): void => {
    if (view === null) return;
    const range = ranges.get(view.buffer) ?? { from: when, to: when };
    range.to = Math.max(range.to, when);
    range.from = Math.min(range.from, when);
    ranges.set(view.buffer, range);
  };
  const useAll = (fields: readonly Field[], when: number): void => {
    for (const field of fields) {
      if (!("view" in field)) continue;
      use(field.view, when);
      // A table of addresses keeps its targets live.
      if (field.view?.buffer.storage.kind === "constant") useAll(field.view.buffer.storage.fields, when);
    }
  };
  for (const input of inputs) use(viewOf(input), 0);
  for (const [when, command] of list.commands.entries()) useAll(fieldsOf(command), when);
  for (const output of outputs) use(viewOf(output), end);

  const ofKind = (kind: BufferStorage["kind"]): DeviceBuffer[] =>
    [...ranges.keys()].filter(({ storage }) => storage.kind === kind);
  const shared = ofKind("arena");
  const { offsets, arenaBytes } = placeLiveRanges(
    shared.map((buffer): LiveRange => ({ ...ranges.get(buffer)!, bytes: aligned(buffer.bytes) })),
  );
  const byBuffer = new Map(shared.map((buffer, i) => [buffer, offsets[i]!]));
  const inOrder = (buffers: readonly DeviceBuffer[]): number => {
    let next = 0;
    for (const buffer of buffers) {
      byBuffer.set(buffer, next);
      next += aligned(buffer.bytes);
    }
    return next;
  };
  const constants = ofKind("constant");
  const persistent = [...ofKind("state"), ...ofKind("weight")];
  return {
    offsets: byBuffer,
    arenaBytes,
    feedBytes: inOrder(ofKind("feed")),
    resultBytes: inOrder(ofKind("result")),
    constants,
    constantBytes: inOrder(constants),
    persistent,
  };
}

/** Device memory of a session with these Programs: every weight and state value once, and one arena of the largest size. */
export function sessionBytes(lowered: readonly LoweredProgram[]): Omit<DeviceMemory, "free"> {
  const bytes = { weights: 0, state: 0, activations: 0 };
  const seen = new Set<string>();
  let arena = 0;
  for (const memory of lowered.map(layOutMemory)) {
    for (const { storage, bytes: size } of memory.persistent) {
      const key =
        storage.kind === "weight" ? weightKey(storage.spec) : storage.kind === "state" ? storage.name : "";
      if (seen.has(key)) continue;
      seen.add(key);
      bytes[storage.kind === "weight" ? "weights" : "state"] += size;
    }
    arena = Math.max(arena, memory.arenaBytes);
    bytes.activations += memory.feedBytes + memory.resultBytes + memory.constantBytes;
  }
  return { ...bytes, activations: bytes.activations + arena };
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
