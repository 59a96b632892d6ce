import type { Call, DType, Shape } from "./kernels.ts";

export type UploadArray = Float32Array | Int32Array | Uint8Array;
export type Run<Handle> = (inputs: readonly Handle[]) => readonly Handle[];

/** Executes kernel calls on a device. `Handle` is a tensor there, freed by its creator. */
export interface Driver<Handle = unknown> {
  readonly device: string;
  /** cpuIdentity() of a driver whose kernels depend on the CPU's instruction sets. */
  readonly cpu?: string;
  upload(data: UploadArray, shape: Shape, dtype: DType): Handle;
  /** Computes once what is the same in every run of a call. */
  prepare(call: Call): Run<Handle>;
  /** Values of a float32 tensor. Waits for the device. */
  read(handle: Handle): Promise<Float32Array>;
  free(handle: Handle): void;
  /** Frees the tensors that `prepare` uploaded. */
  close(): void;
}
