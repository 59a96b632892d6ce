import type { Program } from "../../program/program.ts";
import type {
  EngineOptions,
  EngineSession,
  EngineWeights,
  Executable,
  HostTensor,
  Tensors,
} from "../engine.ts";
import type { DevicePointer } from "./driver/driver.ts";
import { Gpu } from "./driver/gpu.ts";
import { CudaExecutable } from "./executable.ts";
import { GemmAutotuner } from "./gemm/autotuner.ts";
import type { DeviceBuffer } from "./lowering/commands.ts";
import { weightData, weightKey } from "./lowering/weights.ts";
import type { SessionResources } from "./program-memory.ts";

interface StateValue {
  readonly pointer: DevicePointer;
  readonly shape: readonly number[];
  readonly length: number;
}

/** Weights and state on the device. Programs run one after another on one stream and share one arena. */
export class CudaSession implements EngineSession {
  readonly device: string;
  readonly overlaps = true;
  readonly #gpu: Gpu;
  readonly #gemms: GemmAutotuner;
  readonly #source: EngineWeights;
  readonly #onKernel: EngineOptions["onKernel"];
  readonly #weights = new Map<string, DevicePointer>();
  readonly #state = new Map<string, StateValue>();
  readonly #executables = new Map<Program, CudaExecutable>();
  #arena: { readonly pointer: DevicePointer; readonly bytes: number } | undefined;
  #generation = 0;

  constructor(source: EngineWeights, onKernel: EngineOptions["onKernel"]) {
    this.#gpu = new Gpu();
    this.#gemms = new GemmAutotuner(this.#gpu);
    const { name, capability, driver } = this.#gpu.device;
    this.device = `${name} (${capability.join(".")}), CUDA ${driver}, bf16`;
    this.#source = source;
    this.#onKernel = onKernel;
  }

  /** @returns the Program's executable; the same object for the same Program */
  async compile(program: Program): Promise<Executable> {
    const known = this.#executables.get(program);
    if (known !== undefined) return known;
    const resources: SessionResources = {
      gemms: this.#gemms,
      arena: () => this.#arena!.pointer,
      state: (name) => this.#stateOf(name).pointer,
      weight: (buffer) => this.#weights.get(keyOf(buffer))!,
      generation: () => this.#generation,
    };
    const executable = new CudaExecutable(this.#gpu, program, resources, {
      onKernel: this.#onKernel,
      onDispose: () => void this.#executables.delete(program),
    });
    this.#growArena(executable.memory.layout.arenaBytes);
    for (const buffer of executable.memory.layout.persistent)
      if (buffer.storage.kind === "weight") this.#upload(buffer);
    this.#executables.set(program, executable);
    return executable;
  }

  async readState(names?: readonly string[]): Promise<Tensors> {
    const tensors: Record<string, HostTensor> = {};
    for (const name of names ?? this.#state.keys()) {
      const { pointer, shape, length } = this.#stateOf(name);
      const data = new Float32Array(length);
      this.#gpu.download(pointer, data);
      tensors[name] = { shape, data };
    }
    return tensors;
  }

  async writeState(state: Tensors): Promise<void> {
    this.#gpu.wait();
    for (const [name, { shape, data }] of Object.entries(state)) {
      const known = this.#state.get(name);
      let pointer = known?.pointer;
      if (pointer === undefined || known!.length !== data.length) {
        if (pointer !== undefined) this.#gpu.free(pointer);
        pointer = this.#gpu.allocate(4 * data.length);
        this.#generation++;
      }
      this.#state.set(name, { pointer, shape, length: data.length });
      this.#gpu.upload(pointer, Float32Array.from(data as Float32Array));
    }
  }

  /** Device memory of this session, without the context. */
  memory(): { liveBytes: number; peakBytes: number } {
    return { liveBytes: this.#gpu.liveBytes, peakBytes: this.#gpu.peakBytes };
  }

  async close(): Promise<void> {
    for (const executable of [...this.#executables.values()]) await executable.dispose();
    this.#gemms.close();
    this.#gpu.close();
  }

  #growArena(bytes: number): void {
    if (this.#arena !== undefined && this.#arena.bytes >= bytes) return;
    this.#gpu.wait();
    if (this.#arena !== undefined) this.#gpu.free(this.#arena.pointer);
    this.#arena = undefined;
    this.#arena = { pointer: this.#gpu.allocate(bytes), bytes };
    this.#generation++;
  }

  #upload(buffer: DeviceBuffer): void {
    const key = keyOf(buffer);
    if (this.#weights.has(key) || buffer.storage.kind !== "weight") return;
    const pointer = this.#gpu.allocate(buffer.bytes);
    this.#gpu.upload(pointer, weightData(buffer.storage.spec, this.#source));
    this.#weights.set(key, pointer);
  }

  #stateOf(name: string): StateValue {
    const value = this.#state.get(name);
    if (value === undefined) throw new Error(`state ${name} was never written`);
    return value;
  }
}

const keyOf = ({ storage }: DeviceBuffer): string =>
  storage.kind === "weight" ? weightKey(storage.spec) : "";
