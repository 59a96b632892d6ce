import type { PackedFormat } from "../formats/quantise.ts";
import type { OpName } from "../ops/attrs.ts";
import type { Precision } from "../program/precision.ts";
import type { Program } from "../program/program.ts";

/** Host arrays by dtype. f32 comes as Float32Array or, from `reference`, Float64Array; i64 as BigInt64Array; u8 as Uint8Array. */
export type HostArray = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: HostArray;
}
/** By value name. */
export type Tensors = Readonly<Record<string, HostTensor>>;

/** Part of a weight source that an engine uses (`model/weights.ts` provides it). */
export interface EngineWeights {
  /** Row-major float32, Hugging Face layout. Error when the name is unknown. */
  read(name: string): Float32Array;
  /** One file with all tensors as little-endian float32, for memory mapping. */
  float32File(): {
    readonly path: string;
    readonly tensors: ReadonlyMap<
      string,
      { readonly offset: number; readonly length: number; readonly shape: readonly number[] }
    >;
  };
}

export interface EngineOptions {
  /** Threads for the native part; 0 or absent: all cores. */
  readonly threads?: number;
  /** Called with the time of each kernel, by engines that call kernels one by one and synchronously. */
  readonly onKernel?: (kernel: KernelTime) => void;
}

export interface KernelTime {
  readonly kernel: string;
  /** Operation that the kernel is part of. */
  readonly op: string;
  readonly ms: number;
}

/** Implementation that runs Programs. `probe` returns the reason why it cannot run here, or null. */
export interface Engine {
  readonly name: "reference" | "onnx" | "tfjs" | "cuda" | "webgpu";
  /** Supported precisions, the default first (program/precision.ts). */
  readonly precisions: readonly Precision[];
  /** Precisions that the engine knows and this machine does not compute as promised, each with the reason. */
  readonly withheld?: Readonly<Partial<Record<Precision, string>>>;
  /** Supported storage formats of packed frozen matrices; absent: none. */
  readonly packs?: readonly PackedFormat[];
  /** Present if all activations are stored in bf16 between operations, not only the operands of frozen matrices. */
  readonly activations?: "bf16";
  /** Budget for the logits that exist at once, in bytes of float32; absent: the default of the loss. */
  readonly logitsBytes?: number;
  /** Operations without an implementation; the Programs that the engine is meant for do not contain them. */
  readonly lacks?: readonly OpName[];
  probe(): Promise<string | null>;
  /** Device memory that a session with these Programs will use, and free memory; for engines with a device that says so. */
  deviceMemory?(programs: readonly Program[]): DeviceMemory;
  open(weights: EngineWeights, options?: EngineOptions): Promise<EngineSession>;
  /** The smallest part of a Program that the engine's library computes wrongly or not at all, in one line; null if none is. */
  smallestFault?(program: Program, weights: EngineWeights, feeds: Tensors): Promise<string | null>;
}

/** Bytes. */
export interface DeviceMemory {
  readonly weights: number;
  readonly state: number;
  /** Inputs, intermediate values and constants. */
  readonly activations: number;
  readonly free: number;
}

/** Weights and state that all Programs of a run share. State is addressed by value name. */
export interface EngineSession {
  readonly device: string;
  /** cpuIdentity() where the results depend on the CPU's instruction sets; absent where they do not. */
  readonly cpu?: string;
  /** True if `run` may be called before the previous run is done. Runs execute in order. */
  readonly overlaps?: true;
  compile(program: Program): Promise<Executable>;
  /** Copies of the named state values, or of all. */
  readState(names?: readonly string[]): Promise<Tensors>;
  /** Creates or replaces state values. Every state value of a Program must be written before its first run. */
  writeState(state: Tensors): Promise<void>;
  memory(): { readonly liveBytes: number; readonly peakBytes: number };
  close(): Promise<void>;
}

export interface Executable {
  readonly program: Program;
  /** Number of calls to the device in one run, for engines whose speed depends on it. */
  readonly hostCalls?: { readonly kernels: number; readonly uploads: number; readonly downloads: number };
  /** Kernel of each matrix product by shape, for engines that autotune; known after the first run. */
  readonly products?: Readonly<Record<string, string>>;
  /** Outputs by name. The run commits its state exactly when every guard of the Program is finite. */
  run(feeds: Tensors): Promise<{ readonly outputs: Tensors; readonly committed: boolean }>;
  dispose(): Promise<void>;
}
