import type { Program } from "../../program/program.ts";
import type { EngineOptions, Executable, HostTensor, Tensors } from "../engine.ts";
import { feedOf } from "../feed.ts";
import { layOutMemory, type MemoryLayout } from "./arena.ts";
import {
  type BufferView,
  type Command,
  type DeviceBuffer,
  type Field,
  gemmKey,
  type KernelCall,
  sizeOfField,
} from "./commands.ts";
import type { DevicePointer, Handle } from "./driver.ts";
import type { GemmAutotuner, LaunchContext } from "./gemm-autotuner.ts";
import type { Gpu } from "./gpu.ts";
import { deviceBytes, readResult, writeFeed } from "./host.ts";
import { type Argument, launch } from "./launch.ts";
import { type LoweredProgram, lowerProgram, viewOf } from "./lower.ts";

/** What a session keeps for all its Programs. */
export interface SessionResources {
  readonly products: GemmAutotuner;
  /** Where the shared arena, a state value or a weight lies now. */
  arena(): DevicePointer;
  state(name: string): DevicePointer;
  weight(buffer: DeviceBuffer): DevicePointer;
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
  readonly #resources: SessionResources;
  readonly #onKernel: EngineOptions["onKernel"];
  readonly #dispose: () => void;
  readonly #feeds: DevicePointer;
  readonly #results: DevicePointer;
  readonly #constants: DevicePointer;
  readonly #slots: Slot[];
  /** Where in the results' host memory each output lies that is no single number. */
  readonly #extras: readonly { readonly from: BufferView; readonly bytes: number; readonly offset: number }[];
  #next = 0;
  #resolved = -1;
  readonly #caller: LaunchContext = {
    call: (kernel) => this.#call(kernel),
    resolve: (address) => this.#pointer(address),
  };
  #runs = 0;
  #graph: Handle | undefined;

  constructor(
    gpu: Gpu,
    program: Program,
    {
      resources,
      onKernel,
      dispose,
    }: { resources: SessionResources; onKernel: EngineOptions["onKernel"]; dispose: () => void },
  ) {
    this.program = program;
    this.#gpu = gpu;
    this.#resources = resources;
    this.#onKernel = onKernel;
    this.#dispose = dispose;
    this.lowered = lowerProgram(program);
    this.memory = layOutMemory(this.lowered);
    const extras: { from: BufferView; bytes: number; offset: number }[] = [];
    let resultBytes = this.memory.resultBytes;
    for (const placed of this.lowered.outputs) {
      const from = viewOf(placed);
      if (from.buffer.storage.kind === "result") continue;
      const bytes = deviceBytes(placed, "f32");
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
    const products = commands.flatMap((command) => ("gemm" in command ? [command.gemm] : []));
    const { products: done } = this.#resources;
    return Object.fromEntries(products.map((gemm) => [gemmKey(gemm), done.implementationOf(gemm)]));
  }

  run(given: Tensors): Promise<{ outputs: Tensors; committed: boolean }> {
    const slot = this.#slots[this.#next++ % SLOTS]!;
    const begun = this.#gpu.enqueueInOrder(slot.busy, () => {
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
      const { buffer, offset } = viewOf(placed);
      writeFeed(feeds.memory, this.memory.offsets.get(buffer)! + offset, placed, value, feed);
    }
  }

  #enqueue({ feeds, results, event }: Slot): void {
    const { driver, stream } = this.#gpu;
    if (this.#resolved !== this.#resources.generation()) this.#resolve();
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
      const from = viewOf(placed);
      const offset =
        from.buffer.storage.kind === "result"
          ? this.memory.offsets.get(from.buffer)! + from.offset
          : this.#extras[extra++]!.offset;
      outputs[name] = { shape: shape as number[], data: readResult(results.memory, offset, placed) };
    }
    const { finite } = this.lowered;
    if (finite === undefined) return { outputs, committed: true };
    const flag = this.memory.offsets.get(finite.view.buffer)! + finite.view.offset;
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
    else this.#resources.products.run(command.gemm, this.#caller);
  }

  #call({ kernel, grid, threads, sharedBytes, args }: KernelCall): void {
    launch(this.#gpu.driver, this.#gpu.stream, {
      kernel: this.#gpu.kernel(kernel, sharedBytes),
      grid,
      threads,
      sharedBytes,
      args: args.map((field): Argument => {
        if (!("view" in field)) return field;
        return { pointer: field.view === null ? 0n : this.#pointer(field.view) };
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
      const kernel =
        "call" in command ? command.call.kernel : this.#resources.products.implementationOf(command.gemm);
      onKernel({ kernel, op: command.op, ms: ms[0]! });
      for (const each of [from, to]) driver.call("cuEventDestroy", each);
    }
  }

  /** Addresses are settled: writes the constants that name some, and forgets the graph that used the old ones. */
  #resolve(): void {
    this.#gpu.wait();
    this.#forgetGraph();
    for (const buffer of this.memory.constants) {
      if (buffer.storage.kind !== "constant") continue;
      const bytes = Buffer.alloc(buffer.bytes);
      let offset = 0;
      for (const field of buffer.storage.fields) {
        this.#writeField(bytes, offset, field);
        offset += sizeOfField(field);
      }
      this.#gpu.upload(this.#pointer({ buffer, offset: 0 }), bytes);
    }
    this.#resolved = this.#resources.generation();
  }

  #writeField(bytes: Buffer, offset: number, field: Field): void {
    if ("floats" in field)
      bytes.set(
        new Uint8Array(field.floats.buffer, field.floats.byteOffset, field.floats.byteLength),
        offset,
      );
    else if ("view" in field)
      bytes.writeBigUInt64LE(field.view === null ? 0n : this.#pointer(field.view), offset);
    else if ("i64" in field) bytes.writeBigInt64LE(BigInt(field.i64), offset);
    else if ("i32" in field) bytes.writeInt32LE(field.i32, offset);
    else bytes.writeFloatLE(field.f32, offset);
  }

  #pointer({ buffer, offset }: BufferView): DevicePointer {
    return this.#base(buffer) + BigInt(offset);
  }

  #base(buffer: DeviceBuffer): DevicePointer {
    const { storage } = buffer;
    if (storage.kind === "state") return this.#resources.state(storage.name);
    if (storage.kind === "weight") return this.#resources.weight(buffer);
    const blocks = {
      arena: this.#resources.arena(),
      feed: this.#feeds,
      result: this.#results,
      constant: this.#constants,
    };
    return blocks[storage.kind] + BigInt(this.memory.offsets.get(buffer)!);
  }
}
