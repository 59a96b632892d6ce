import { type LiveRange, placeLiveRanges } from "../../program/liveness.ts";
import type { DeviceMemory } from "../engine.ts";
import { type BufferView, type DeviceBuffer, type Field, fieldsOf } from "./commands.ts";
import { type LoweredProgram, viewOf } from "./lower.ts";
import { weightKey } from "./weights.ts";

/** cuMemAlloc's own alignment; enough for every load of the kernels. */
const ALIGNMENT = 256;

/** Where the rooms of a lowered Program lie, before any memory is asked for. */
export interface MemoryLayout {
  /** By room, bytes within the block of its kind. */
  readonly offsets: ReadonlyMap<DeviceBuffer, number>;
  readonly arenaBytes: number;
  readonly feedBytes: number;
  readonly resultBytes: number;
  readonly constants: readonly DeviceBuffer[];
  readonly constantBytes: number;
  /** Kept by the session under their names and keys. */
  readonly persistent: readonly DeviceBuffer[];
}

/**
 * Rooms of the arena live from the first command that names them to the last; what is fed lives from the start, and what is
 * read back to the end.
 */
export function layOutMemory({ list, inputs, outputs }: LoweredProgram): MemoryLayout {
  const ranges = new Map<DeviceBuffer, { from: number; to: number }>();
  const end = list.commands.length;
  const use = (address: BufferView | null, when: number): void => {
    if (address === null) return;
    const range = ranges.get(address.buffer) ?? { from: when, to: when };
    range.to = Math.max(range.to, when);
    range.from = Math.min(range.from, when);
    ranges.set(address.buffer, range);
  };
  const useAll = (fields: readonly Field[], when: number): void => {
    for (const field of fields) {
      if (!("view" in field)) continue;
      use(field.view, when);
      // A table of addresses stands for what they point to.
      if (field.view?.buffer.storage.kind === "constant") useAll(field.view.buffer.storage.fields, when);
    }
  };
  for (const placed of inputs) use(viewOf(placed), 0);
  for (const [when, command] of list.commands.entries()) useAll(fieldsOf(command), when);
  for (const placed of outputs) use(viewOf(placed), end);

  const ofKind = (kind: DeviceBuffer["storage"]["kind"]): DeviceBuffer[] =>
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

/** What a session with these Programs takes of the device: every weight once, one arena for all. */
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
