import type { Program } from "../../program/program.ts";
import type { EngineOptions, Executable, HostTensor, Tensors } from "../engine.ts";
import { feedOf } from "../feed.ts";
import { layOutMemory, type MemoryLayout } from "./arena.ts";
import {
  type Address,
  type Command,
  type Field,
  type KernelCall,
  productName,
  type Room,
  sizeOfField,
} from "./commands.ts";
import type { DevicePointer, Handle } from "./driver.ts";
import type { Gpu } from "./gpu.ts";
import { placedBytes, readResult, writeFeed } from "./host.ts";
import { type Argument, launch } from "./launch.ts";
import { addressOf, type LoweredProgram, lowerProgram } from "./lower.ts";
import type { Caller, Products } from "./products.ts";

/** What a session keeps for all its Programs. */
export interface Held {
  readonly products: Products;
  /** Where the shared arena, a state value or a weight lies now. */
  arena(): DevicePointer;
  state(name: string): DevicePointer;
  weight(room: Room): DevicePointer;
  /** Changes whenever one of these lies elsewhere than before. */
  generation(): number;
}

/** Host memory of one run: what it feeds and what comes back, and the event behind it. */
interface Slot {
  readonly feeds: { readonly address: bigint; readonly memory: ArrayBuffer };
  readonly results: { readonly address: bigint; readonly memory: ArrayBuffer };
  readonly event: Handle;
  busy: Promise<unknown>;
}

/** While the device works on one run, the host prepares the next. */
const SLOTS = 2;
/** CU_EVENT_DEFAULT keeps times; CU_EVENT_DISABLE_TIMING does not. */
const NO_TIMING = 2;

/**
 * One Program on the device. Its first run calls kernel by kernel, which loads them and settles what does each product; then the
 * calls are captured as one CUDA graph, and a run is a copy in, a launch, and a copy out. Several runs may be asked for before the first is done.
 */
export class CudaExecutable implements Executable {
  readonly program: Program;
  readonly hostCalls: { kernels: number; uploads: number; downloads: number };
  readonly lowered: LoweredProgram;
  readonly memory: MemoryLayout;
  readonly #gpu: Gpu;
  readonly #held: Held;
  readonly #onKernel: EngineOptions["onKernel"];
  readonly #dispose: () => void;
  readonly #feeds: DevicePointer;
  readonly #results: DevicePointer;
  readonly #constants: DevicePointer;
  readonly #slots: Slot[];
  /** Where in the results' host memory each output lies that is no single number. */
  readonly #extras: readonly { readonly from: Address; readonly bytes: number; readonly offset: number }[];
  #next = 0;
  #resolved = -1;
  readonly #caller: Caller = {
    call: (kernel) => this.#call(kernel),
    locate: (address) => this.#pointer(address),
  };
  #runs = 0;
  #graph: Handle | undefined;

  constructor(
    gpu: Gpu,
    program: Program,
    { held, onKernel, dispose }: { held: Held; onKernel: EngineOptions["onKernel"]; dispose: () => void },
  ) {
    this.program = program;
    this.#gpu = gpu;
    this.#held = held;
    this.#onKernel = onKernel;
    this.#dispose = dispose;
    this.lowered = lowerProgram(program);
    this.memory = layOutMemory(this.lowered);
    const extras: { from: Address; bytes: number; offset: number }[] = [];
    let resultBytes = this.memory.resultBytes;
    for (const placed of this.lowered.outputs) {
      const from = addressOf(placed);
      if (from.room.place.kind === "result") continue;
      const bytes = placedBytes(placed, "f32");
      extras.push({ from, bytes, offset: resultBytes });
      resultBytes += Math.ceil(bytes / 16) * 16;
    }
    this.#extras = extras;
    this.#feeds = gpu.allocate(this.memory.feedBytes);
    this.#results = gpu.allocate(this.memory.resultBytes);
    this.#constants = gpu.allocate(this.memory.constantBytes);
    this.#slots = Array.from({ length: SLOTS }, () => ({
      feeds: gpu.pin(this.memory.feedBytes),
      results: gpu.pin(resultBytes),
      event: gpu.driver.out("cuEventCreate", NO_TIMING),
      busy: Promise.resolve(),
    }));
    this.hostCalls = {
      kernels: this.lowered.list.commands.length,
      uploads: 1,
      downloads: 1 + extras.length,
    };
  }

  /** Of those that have run. */
  get products(): Record<string, string> {
    const { commands } = this.lowered.list;
    const products = commands.flatMap((command) => ("product" in command ? [command.product] : []));
    const { products: done } = this.#held;
    return Object.fromEntries(products.map((product) => [productName(product), done.doneBy(product)]));
  }

  run(given: Tensors): Promise<{ outputs: Tensors; committed: boolean }> {
    const slot = this.#slots[this.#next++ % SLOTS]!;
    const begun = this.#gpu.inTurn(slot.busy, () => {
      this.#writeFeeds(slot, given);
      this.#enqueue(slot);
    });
    const result = begun.then(() => this.#reached(slot.event)).then(() => this.#read(slot));
    slot.busy = result.catch(() => undefined);
    return result;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#slots.map(({ busy }) => busy));
    this.#forgetGraph();
    for (const pointer of [this.#feeds, this.#results, this.#constants]) this.#gpu.free(pointer);
    for (const { feeds, results, event } of this.#slots.splice(0)) {
      this.#gpu.unpin(feeds.address);
      this.#gpu.unpin(results.address);
      this.#gpu.driver.status("cuEventDestroy", event);
    }
    this.#dispose();
  }

  #writeFeeds({ feeds }: Slot, given: Tensors): void {
    for (const [i, id] of this.program.inputs.entries()) {
      const value = this.program.values[id]!;
      const feed = feedOf(this.program, value, given);
      const placed = this.lowered.inputs[i]!;
      const { room, offset } = addressOf(placed);
      writeFeed(feeds.memory, this.memory.offsets.get(room)! + offset, placed, value, feed);
    }
  }

  #enqueue({ feeds, results, event }: Slot): void {
    const { driver, stream } = this.#gpu;
    if (this.#resolved !== this.#held.generation()) this.#resolve();
    if (this.memory.feedBytes > 0)
      driver.call("cuMemcpyHtoDAsync", this.#feeds, feeds.address, this.memory.feedBytes, stream);
    if (this.#runs++ === 0) this.#launchAll();
    else if (this.#onKernel !== undefined) this.#timeEach(this.#onKernel);
    else driver.call("cuGraphLaunch", this.#captured(), stream);
    driver.call("cuMemcpyDtoHAsync", results.address, this.#results, this.memory.resultBytes, stream);
    for (const { from, bytes, offset } of this.#extras) {
      driver.call("cuMemcpyDtoHAsync", results.address + BigInt(offset), this.#pointer(from), bytes, stream);
    }
    driver.call("cuEventRecord", event, stream);
  }

  #read({ results }: Slot): { outputs: Tensors; committed: boolean } {
    const outputs: Record<string, HostTensor> = {};
    let extra = 0;
    for (const [i, id] of this.program.outputs.entries()) {
      const { name, shape } = this.program.values[id]!;
      const placed = this.lowered.outputs[i]!;
      const from = addressOf(placed);
      const offset =
        from.room.place.kind === "result"
          ? this.memory.offsets.get(from.room)! + from.offset
          : this.#extras[extra++]!.offset;
      outputs[name] = { shape: shape as number[], data: readResult(results.memory, offset, placed) };
    }
    const { finite } = this.lowered;
    if (finite === undefined) return { outputs, committed: true };
    const flag = this.memory.offsets.get(finite.at.room)! + finite.at.offset;
    return { outputs, committed: new Uint32Array(results.memory, flag, 1)[0] === 1 };
  }

  /** Without blocking the event loop; asking again at once costs a core and saves the millisecond that a timer would take. */
  async #reached(event: Handle): Promise<void> {
    while (!this.#gpu.driver.reached(event)) await new Promise(setImmediate);
  }

  #launchAll(): void {
    for (const command of this.lowered.list.commands) this.#launch(command);
  }

  #launch(command: Command): void {
    if ("call" in command) this.#call(command.call);
    else this.#held.products.run(command.product, this.#caller);
  }

  #call({ kernel, grid, threads, sharedBytes, args }: KernelCall): void {
    launch(this.#gpu.driver, this.#gpu.stream, {
      kernel: this.#gpu.kernel(kernel, sharedBytes),
      grid,
      threads,
      sharedBytes,
      args: args.map((field): Argument => {
        if (!("at" in field)) return field;
        return { pointer: field.at === null ? 0n : this.#pointer(field.at) };
      }),
    });
  }

  #captured(): Handle {
    if (this.#graph !== undefined) return this.#graph;
    this.#graph = this.#gpu.capture(() => this.#launchAll());
    return this.#graph;
  }

  #forgetGraph(): void {
    if (this.#graph !== undefined) this.#gpu.driver.status("cuGraphExecDestroy", this.#graph);
    this.#graph = undefined;
  }

  /** Kernel by kernel, each between two events. */
  #timeEach(onKernel: NonNullable<EngineOptions["onKernel"]>): void {
    const { driver, stream } = this.#gpu;
    const event = (): Handle => {
      const made = driver.out("cuEventCreate", 0);
      driver.call("cuEventRecord", made, stream);
      return made;
    };
    const times = this.lowered.list.commands.map((command) => {
      const from = event();
      this.#launch(command);
      return { command, from, to: event() };
    });
    this.#gpu.wait();
    for (const { command, from, to } of times) {
      const ms: number[] = [0];
      driver.call("cuEventElapsedTime", ms, from, to);
      const kernel = "call" in command ? command.call.kernel : this.#held.products.doneBy(command.product);
      onKernel({ kernel, op: command.op, ms: ms[0]! });
      for (const each of [from, to]) driver.call("cuEventDestroy", each);
    }
  }

  /** Addresses are settled: writes the constants that name some, and forgets the graph that used the old ones. */
  #resolve(): void {
    this.#gpu.wait();
    this.#forgetGraph();
    for (const room of this.memory.constants) {
      if (room.place.kind !== "constant") continue;
      const bytes = Buffer.alloc(room.bytes);
      let offset = 0;
      for (const field of room.place.fields) {
        this.#writeField(bytes, offset, field);
        offset += sizeOfField(field);
      }
      this.#gpu.upload(this.#pointer({ room, offset: 0 }), bytes);
    }
    this.#resolved = this.#held.generation();
  }

  #writeField(bytes: Buffer, offset: number, field: Field): void {
    if ("floats" in field)
      bytes.set(
        new Uint8Array(field.floats.buffer, field.floats.byteOffset, field.floats.byteLength),
        offset,
      );
    else if ("at" in field) bytes.writeBigUInt64LE(field.at === null ? 0n : this.#pointer(field.at), offset);
    else if ("i64" in field) bytes.writeBigInt64LE(BigInt(field.i64), offset);
    else if ("i32" in field) bytes.writeInt32LE(field.i32, offset);
    else bytes.writeFloatLE(field.f32, offset);
  }

  #pointer({ room, offset }: Address): DevicePointer {
    return this.#base(room) + BigInt(offset);
  }

  #base(room: Room): DevicePointer {
    const { place } = room;
    if (place.kind === "state") return this.#held.state(place.name);
    if (place.kind === "weight") return this.#held.weight(room);
    const blocks = {
      arena: this.#held.arena(),
      feed: this.#feeds,
      result: this.#results,
      constant: this.#constants,
    };
    return blocks[place.kind] + BigInt(this.memory.offsets.get(room)!);
  }
}
