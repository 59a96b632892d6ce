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

/** The part of a weight source that an engine needs; `src/model/weights.ts` provides it. */
export interface EngineWeights {
  /** Row-major float32, Hugging Face layout. Error when the name is unknown. */
  read(name: string): Float32Array;
  /** Where the tensors lie as little-endian float32 in one file, to be mapped rather than read. */
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
  /** Told what each kernel took, where the engine calls kernels one by one and they are done when the call returns. */
  readonly onKernel?: (kernel: KernelTime) => void;
}

export interface KernelTime {
  readonly kernel: string;
  /** The operation that it is part of. */
  readonly op: string;
  readonly ms: number;
}

/** A kind of machine that runs Programs. `probe` says why it cannot run here, or null when it can. */
export interface Engine {
  readonly name: "reference" | "onnx" | "tfjs" | "cuda";
  /** What its Programs may be in, its own first; see program/precision.ts. */
  readonly precisions: readonly Precision[];
  /** Precisions that the engine knows and this machine does not compute as promised, each with the reason. */
  readonly withheld?: Readonly<Partial<Record<Precision, string>>>;
  /** Formats in which it keeps frozen matrices packed; absent: none. */
  readonly packs?: readonly PackedFormat[];
  /** Present when all activations are kept in bf16 between operations, not only what frozen matrices multiply. */
  readonly activations?: "bf16";
  /** Bytes of float32 logits that a Program should hold at once at most; absent: the loss's own budget. */
  readonly logitsBytes?: number;
  /** Operations that it does not have, because no Program that it is for has them. */
  readonly lacks?: readonly OpName[];
  probe(): Promise<string | null>;
  /** Where it has memory of its own: what a session with these Programs will take of it, and what is free. */
  deviceMemory?(programs: readonly Program[]): DeviceMemory;
  open(weights: EngineWeights, options?: EngineOptions): Promise<EngineSession>;
}

/** Bytes. */
export interface DeviceMemory {
  readonly weights: number;
  readonly state: number;
  /** Inputs, intermediate values and constants. */
  readonly activations: number;
  readonly free: number;
}

/** All Programs of a run share one session: its weights and its state. State is addressed by value name. */
export interface EngineSession {
  readonly device: string;
  /** cpuIdentity() where the results depend on the CPU's instruction sets; absent where they do not. */
  readonly cpu?: string;
  /** A run may be asked for before the one before it is done; runs come one after the other all the same. */
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
  /** What one run asks of the device call by call, where that bounds its speed. */
  readonly hostCalls?: { readonly kernels: number; readonly uploads: number; readonly downloads: number };
  /** Matrix products by shape, and what does each, where the engine chooses; once the Program has run. */
  readonly products?: Readonly<Record<string, string>>;
  /** Outputs by name. State moves on exactly when every guard of the Program is finite; `moved` tells. */
  run(feeds: Tensors): Promise<{ readonly outputs: Tensors; readonly committed: boolean }>;
  dispose(): Promise<void>;
}
