import type { Program } from "../../program/program.ts";
import type { EngineOptions, Executable, HostTensor, Tensors } from "../engine.ts";
import { feedOf } from "../feed.ts";
import { CommandRunner } from "./command-runner.ts";
import type { Handle } from "./driver/driver.ts";
import type { Gpu } from "./driver/gpu.ts";
import { deviceBytes, readResult, writeFeed } from "./host.ts";
import { layOutMemory } from "./lowering/arena.ts";
import { type BufferView, gemmKey } from "./lowering/commands.ts";
import { type LoweredProgram, lowerProgram, viewOf } from "./lowering/lower.ts";
import { ProgramMemory, type SessionResources } from "./program-memory.ts";

/** Pinned host memory of one run: its feeds and results, and the event that marks their arrival. */
interface Slot {
  readonly feeds: { readonly address: bigint; readonly memory: ArrayBuffer };
  readonly results: { readonly address: bigint; readonly memory: ArrayBuffer };
  readonly event: Handle;
  busy: Promise<unknown>;
}

/** Two runs may be in flight: the host prepares one while the device works on the other. */
const SLOTS = 2;
/** CU_EVENT_DISABLE_TIMING. */
const NO_TIMING = 2;

/**
 * One Program on the device. The first run launches kernel by kernel, which loads them and tunes the GEMMs. The second captures
 * the launches as a CUDA graph; from then on a run is one upload, one graph launch and one download.
 */
export class CudaExecutable implements Executable {
  readonly program: Program;
  readonly hostCalls: { kernels: number; uploads: number; downloads: number };
  readonly lowered: LoweredProgram;
  readonly memory: ProgramMemory;
  readonly #gpu: Gpu;
  readonly #runner: CommandRunner;
  readonly #gemms: SessionResources["gemms"];
  readonly #onKernel: EngineOptions["onKernel"];
  readonly #onDispose: () => void;
  readonly #slots: Slot[];
  /** Outputs that are not single numbers, and their offsets in the results' host memory. */
  readonly #extras: readonly { readonly from: BufferView; readonly bytes: number; readonly offset: number }[];
  #next = 0;
  #runs = 0;
  #graph: Handle | undefined;

  constructor(
    gpu: Gpu,
    program: Program,
    resources: SessionResources,
    { onKernel, onDispose }: { onKernel: EngineOptions["onKernel"]; onDispose: () => void },
  ) {
    this.program = program;
    this.#gpu = gpu;
    this.#gemms = resources.gemms;
    this.#onKernel = onKernel;
    this.#onDispose = onDispose;
    this.lowered = lowerProgram(program);
    const layout = layOutMemory(this.lowered);
    const extras: { from: BufferView; bytes: number; offset: number }[] = [];
    let resultBytes = layout.resultBytes;
    for (const output of this.lowered.outputs) {
      const from = viewOf(output);
      if (from.buffer.storage.kind === "result") continue;
      const bytes = deviceBytes(output, "f32");
      extras.push({ from, bytes, offset: resultBytes });
      resultBytes += Math.ceil(bytes / 16) * 16;
    }
    this.#extras = extras;
    this.memory = new ProgramMemory(gpu, layout, resources);
    this.#runner = new CommandRunner(gpu, this.memory, resources.gemms);
    this.#slots = Array.from({ length: SLOTS }, () => ({
      feeds: gpu.pin(layout.feedBytes),
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

  /** Implementation of each GEMM that has run, by its key. */
  get products(): Record<string, string> {
    const gemms = this.lowered.list.commands.flatMap((command) => ("gemm" in command ? [command.gemm] : []));
    return Object.fromEntries(gemms.map((gemm) => [gemmKey(gemm), this.#gemms.implementationOf(gemm)]));
  }

  run(given: Tensors): Promise<{ outputs: Tensors; committed: boolean }> {
    const slot = this.#slots[this.#next++ % SLOTS]!;
    const enqueued = this.#gpu.enqueueInOrder(slot.busy, () => {
      this.#writeFeeds(slot, given);
      this.#enqueue(slot);
    });
    const result = enqueued.then(() => this.#reached(slot.event)).then(() => this.#read(slot));
    slot.busy = result.catch(() => undefined);
    return result;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#slots.map(({ busy }) => busy));
    this.#destroyGraph();
    this.memory.free();
    for (const { feeds, results, event } of this.#slots.splice(0)) {
      this.#gpu.unpin(feeds.address);
      this.#gpu.unpin(results.address);
      this.#gpu.driver.status("cuEventDestroy", event);
    }
    this.#onDispose();
  }

  #writeFeeds({ feeds }: Slot, given: Tensors): void {
    for (const [i, id] of this.program.inputs.entries()) {
      const value = this.program.values[id]!;
      const feed = feedOf(this.program, value, given);
      const input = this.lowered.inputs[i]!;
      writeFeed(feeds.memory, this.memory.offset(viewOf(input)), input, value, feed);
    }
  }

  #enqueue({ feeds, results, event }: Slot): void {
    const { driver, stream } = this.#gpu;
    const { feedBytes, resultBytes } = this.memory.layout;
    // The graph holds the addresses at its capture.
    if (this.memory.refresh()) this.#destroyGraph();
    if (feedBytes > 0) driver.call("cuMemcpyHtoDAsync", this.memory.feeds, feeds.address, feedBytes, stream);
    this.#launchCommands();
    driver.call("cuMemcpyDtoHAsync", results.address, this.memory.results, resultBytes, stream);
    for (const { from, bytes, offset } of this.#extras) {
      const pointer = this.memory.pointer(from);
      driver.call("cuMemcpyDtoHAsync", results.address + BigInt(offset), pointer, bytes, stream);
    }
    driver.call("cuEventRecord", event, stream);
  }

  #launchCommands(): void {
    const { commands } = this.lowered.list;
    if (this.#runs++ === 0) this.#runner.runAll(commands);
    else if (this.#onKernel !== undefined) this.#runner.timeEach(commands, this.#onKernel);
    else {
      this.#graph ??= this.#gpu.capture(() => this.#runner.runAll(commands));
      this.#gpu.driver.call("cuGraphLaunch", this.#graph, this.#gpu.stream);
    }
  }

  #read({ results }: Slot): { outputs: Tensors; committed: boolean } {
    const outputs: Record<string, HostTensor> = {};
    let extra = 0;
    for (const [i, id] of this.program.outputs.entries()) {
      const { name, shape } = this.program.values[id]!;
      const output = this.lowered.outputs[i]!;
      const from = viewOf(output);
      const offset =
        from.buffer.storage.kind === "result" ? this.memory.offset(from) : this.#extras[extra++]!.offset;
      outputs[name] = { shape: shape as number[], data: readResult(results.memory, offset, output) };
    }
    const { finite } = this.lowered;
    if (finite === undefined) return { outputs, committed: true };
    const [flag] = new Uint32Array(results.memory, this.memory.offset(finite.view), 1);
    return { outputs, committed: flag === 1 };
  }

  /** Polls without blocking the event loop. Polling takes a core; a timer would add a millisecond a step. */
  async #reached(event: Handle): Promise<void> {
    while (!this.#gpu.driver.reached(event)) await new Promise(setImmediate);
  }

  #destroyGraph(): void {
    if (this.#graph !== undefined) this.#gpu.driver.status("cuGraphExecDestroy", this.#graph);
    this.#graph = undefined;
  }
}
