import type { DevicePointer } from "./driver/driver.ts";
import type { Gpu } from "./driver/gpu.ts";
import type { GemmAutotuner } from "./gemm/autotuner.ts";
import type { MemoryLayout } from "./lowering/arena.ts";
import { type BufferView, type DeviceBuffer, type Field, sizeOfField } from "./lowering/commands.ts";

/** Device resources that a session's Programs share. */
export interface SessionResources {
  readonly gemms: GemmAutotuner;
  /** Current addresses of the arena, of a state value and of a weight. */
  arena(): DevicePointer;
  state(name: string): DevicePointer;
  weight(buffer: DeviceBuffer): DevicePointer;
  /** Increases whenever one of these addresses changes. */
  generation(): number;
}

/** Device memory of one Program: its feeds, results and constants, and the address of every buffer that its commands use. */
export class ProgramMemory {
  readonly layout: MemoryLayout;
  readonly feeds: DevicePointer;
  readonly results: DevicePointer;
  readonly #constants: DevicePointer;
  readonly #gpu: Gpu;
  readonly #shared: SessionResources;
  #generation = -1;

  constructor(gpu: Gpu, layout: MemoryLayout, shared: SessionResources) {
    this.#gpu = gpu;
    this.#shared = shared;
    this.layout = layout;
    this.feeds = gpu.allocate(layout.feedBytes);
    this.results = gpu.allocate(layout.resultBytes);
    this.#constants = gpu.allocate(layout.constantBytes);
  }

  pointer({ buffer, offset }: BufferView): DevicePointer {
    return this.#base(buffer) + BigInt(offset);
  }

  /** Offset of a view in the block of its kind, bytes. */
  offset({ buffer, offset }: BufferView): number {
    return this.layout.offsets.get(buffer)! + offset;
  }

  /** Rewrites the constants if a shared address has changed since the last call. @returns true if one has */
  refresh(): boolean {
    const generation = this.#shared.generation();
    if (this.#generation === generation) return false;
    this.#gpu.wait();
    for (const buffer of this.layout.constants) {
      if (buffer.storage.kind === "constant")
        this.#gpu.upload(this.pointer({ buffer, offset: 0 }), this.#bytes(buffer.storage.fields));
    }
    this.#generation = generation;
    return true;
  }

  free(): void {
    for (const pointer of [this.feeds, this.results, this.#constants]) this.#gpu.free(pointer);
  }

  #bytes(fields: readonly Field[]): Buffer {
    const bytes = Buffer.alloc(fields.reduce((sum, field) => sum + sizeOfField(field), 0));
    let offset = 0;
    for (const field of fields) {
      if ("floats" in field) {
        const { buffer, byteOffset, byteLength } = field.floats;
        bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
      } else if ("view" in field)
        bytes.writeBigUInt64LE(field.view === null ? 0n : this.pointer(field.view), offset);
      else if ("i64" in field) bytes.writeBigInt64LE(BigInt(field.i64), offset);
      else if ("i32" in field) bytes.writeInt32LE(field.i32, offset);
      else bytes.writeFloatLE(field.f32, offset);
      offset += sizeOfField(field);
    }
    return bytes;
  }

  #base(buffer: DeviceBuffer): DevicePointer {
    const { storage } = buffer;
    if (storage.kind === "state") return this.#shared.state(storage.name);
    if (storage.kind === "weight") return this.#shared.weight(buffer);
    const blocks = {
      arena: this.#shared.arena(),
      feed: this.feeds,
      result: this.results,
      constant: this.#constants,
    };
    return blocks[storage.kind] + BigInt(this.layout.offsets.get(buffer)!);
  }
}
