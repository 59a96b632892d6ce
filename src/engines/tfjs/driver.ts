import type { Call, DType, Shape } from "./kernels.ts";

export type UploadArray = Float32Array | Int32Array | Uint8Array;
export type Run<Handle> = (inputs: readonly Handle[]) => readonly Handle[];

/** How kernel calls reach a device. `Handle` is a tensor there; whoever made it frees it. */
export interface Driver<Handle = unknown> {
  readonly device: string;
  /** cpuIdentity() of a driver whose kernels depend on the CPU's instruction sets. */
  readonly cpu?: string;
  upload(data: UploadArray, shape: Shape, dtype: DType): Handle;
  /** Everything about a call that is the same in every run is worked out here. */
  prepare(call: Call): Run<Handle>;
  /** Of a float32 tensor. Waits for the device. */
  read(handle: Handle): Promise<Float32Array>;
  free(handle: Handle): void;
  /** Frees what `prepare` put on the device. */
  close(): void;
}
