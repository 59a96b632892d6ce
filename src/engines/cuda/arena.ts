import { type LiveRange, placeLiveRanges } from "../../program/liveness.ts";
import type { DeviceMemory } from "../engine.ts";
import { type Address, type Field, fieldsOf, type Room } from "./commands.ts";
import { addressOf, type LoweredProgram } from "./lower.ts";
import { weightKey } from "./weights.ts";

/** cuMemAlloc's own alignment; enough for every load of the kernels. */
const ALIGNMENT = 256;

/** Where the rooms of a lowered Program lie, before any memory is asked for. */
export interface MemoryLayout {
  /** By room, bytes within the block of its kind. */
  readonly offsets: ReadonlyMap<Room, number>;
  readonly arenaBytes: number;
  readonly feedBytes: number;
  readonly resultBytes: number;
  readonly constants: readonly Room[];
  readonly constantBytes: number;
  /** Kept by the session under their names and keys. */
  readonly held: readonly Room[];
}

/**
 * Rooms of the arena live from the first command that names them to the last; what is fed lives from the start, and what is
 * read back to the end.
 */
export function layOutMemory({ list, inputs, outputs }: LoweredProgram): MemoryLayout {
  const ranges = new Map<Room, { from: number; to: number }>();
  const end = list.commands.length;
  const use = (address: Address | null, when: number): void => {
    if (address === null) return;
    const life = ranges.get(address.room) ?? { from: when, to: when };
    life.to = Math.max(life.to, when);
    life.from = Math.min(life.from, when);
    ranges.set(address.room, life);
  };
  const useAll = (fields: readonly Field[], when: number): void => {
    for (const field of fields) {
      if (!("at" in field)) continue;
      use(field.at, when);
      // A table of addresses stands for what they point to.
      if (field.at?.room.place.kind === "constant") useAll(field.at.room.place.fields, when);
    }
  };
  for (const placed of inputs) use(addressOf(placed), 0);
  for (const [when, command] of list.commands.entries()) useAll(fieldsOf(command), when);
  for (const placed of outputs) use(addressOf(placed), end);

  const ofKind = (kind: Room["place"]["kind"]): Room[] =>
    [...ranges.keys()].filter(({ place }) => place.kind === kind);
  const shared = ofKind("arena");
  const { offsets, arenaBytes } = placeLiveRanges(
    shared.map((room): LiveRange => ({ ...ranges.get(room)!, bytes: aligned(room.bytes) })),
  );
  const byRoom = new Map(shared.map((room, i) => [room, offsets[i]!]));
  const inOrder = (rooms: readonly Room[]): number => {
    let next = 0;
    for (const room of rooms) {
      byRoom.set(room, next);
      next += aligned(room.bytes);
    }
    return next;
  };
  const constants = ofKind("constant");
  const held = [...ofKind("state"), ...ofKind("weight")];
  return {
    offsets: byRoom,
    arenaBytes,
    feedBytes: inOrder(ofKind("feed")),
    resultBytes: inOrder(ofKind("result")),
    constants,
    constantBytes: inOrder(constants),
    held,
  };
}

/** What a session with these Programs takes of the device: every weight once, one arena for all. */
export function sessionBytes(lowered: readonly LoweredProgram[]): Omit<DeviceMemory, "free"> {
  const bytes = { weights: 0, state: 0, activations: 0 };
  const seen = new Set<string>();
  let arena = 0;
  for (const memory of lowered.map(layOutMemory)) {
    for (const { place, bytes: size } of memory.held) {
      const key = place.kind === "weight" ? weightKey(place.spec) : place.kind === "state" ? place.name : "";
      if (seen.has(key)) continue;
      seen.add(key);
      bytes[place.kind === "weight" ? "weights" : "state"] += size;
    }
    arena = Math.max(arena, memory.arenaBytes);
    bytes.activations += memory.feedBytes + memory.resultBytes + memory.constantBytes;
  }
  return { ...bytes, activations: bytes.activations + arena };
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
