import { createRequire } from "node:module";
import type { LibraryHandle } from "koffi";
import { LorafitError } from "../../../errors.ts";

/** Handle of a context, module, function, stream, graph or event: a pointer, kept as a 64-bit integer. */
export type Handle = bigint;
/** Address in device memory. */
export type DevicePointer = bigint;

/**
 * The calls of the CUDA driver API (docs.nvidia.com/cuda/cuda-driver-api) that lorafit uses, by their C signatures. Handles are
 * declared as 64-bit integers. The emulator exports the same names (kernels/emulator/driver.cpp).
 */
const SIGNATURES = {
  cuInit: "int cuInit(uint flags)",
  cuDriverGetVersion: "int cuDriverGetVersion(_Out_ int *version)",
  cuDeviceGetCount: "int cuDeviceGetCount(_Out_ int *count)",
  cuDeviceGet: "int cuDeviceGet(_Out_ int *device, int ordinal)",
  cuDeviceGetName: "int cuDeviceGetName(void *name, int length, int device)",
  cuDeviceGetAttribute: "int cuDeviceGetAttribute(_Out_ int *value, int attribute, int device)",
  cuDevicePrimaryCtxRetain: "int cuDevicePrimaryCtxRetain(_Out_ uint64_t *context, int device)",
  cuDevicePrimaryCtxRelease: "int cuDevicePrimaryCtxRelease_v2(int device)",
  cuCtxSetCurrent: "int cuCtxSetCurrent(uint64_t context)",
  cuMemGetInfo: "int cuMemGetInfo_v2(_Out_ uint64_t *free, _Out_ uint64_t *total)",
  cuMemAlloc: "int cuMemAlloc_v2(_Out_ uint64_t *pointer, size_t bytes)",
  cuMemFree: "int cuMemFree_v2(uint64_t pointer)",
  cuMemHostAlloc: "int cuMemHostAlloc(_Out_ uint64_t *pointer, size_t bytes, uint flags)",
  cuMemFreeHost: "int cuMemFreeHost(uint64_t pointer)",
  cuMemcpyHtoDAsync: "int cuMemcpyHtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, uint64_t stream)",
  cuMemcpyDtoHAsync: "int cuMemcpyDtoHAsync_v2(uint64_t to, uint64_t from, size_t bytes, uint64_t stream)",
  cuModuleLoadData: "int cuModuleLoadData(_Out_ uint64_t *module, const void *image)",
  cuModuleGetFunction: "int cuModuleGetFunction(_Out_ uint64_t *function, uint64_t module, const char *name)",
  cuFuncSetAttribute: "int cuFuncSetAttribute(uint64_t function, int attribute, int value)",
  cuLaunchKernel:
    "int cuLaunchKernel(uint64_t function, uint gx, uint gy, uint gz, uint bx, uint by, uint bz, uint dynamic_bytes, uint64_t stream, const void *parameters, void *extra)",
  cuStreamCreate: "int cuStreamCreate(_Out_ uint64_t *stream, uint flags)",
  cuStreamDestroy: "int cuStreamDestroy_v2(uint64_t stream)",
  cuStreamSynchronize: "int cuStreamSynchronize(uint64_t stream)",
  cuStreamBeginCapture: "int cuStreamBeginCapture_v2(uint64_t stream, int mode)",
  cuStreamEndCapture: "int cuStreamEndCapture(uint64_t stream, _Out_ uint64_t *graph)",
  cuGraphInstantiateWithFlags:
    "int cuGraphInstantiateWithFlags(_Out_ uint64_t *executable, uint64_t graph, uint64_t flags)",
  cuGraphUpload: "int cuGraphUpload(uint64_t executable, uint64_t stream)",
  cuGraphLaunch: "int cuGraphLaunch(uint64_t executable, uint64_t stream)",
  cuGraphDestroy: "int cuGraphDestroy(uint64_t graph)",
  cuGraphExecDestroy: "int cuGraphExecDestroy(uint64_t executable)",
  cuEventCreate: "int cuEventCreate(_Out_ uint64_t *event, uint flags)",
  cuEventRecord: "int cuEventRecord(uint64_t event, uint64_t stream)",
  cuEventQuery: "int cuEventQuery(uint64_t event)",
  cuEventElapsedTime: "int cuEventElapsedTime(_Out_ float *milliseconds, uint64_t from, uint64_t to)",
  cuEventDestroy: "int cuEventDestroy_v2(uint64_t event)",
} as const;

export type DriverCall = keyof typeof SIGNATURES;

/** CUDA_ERROR_NOT_READY. */
const NOT_READY = 600;

/** Advice to the user by CUresult. */
const HINTS: Readonly<Record<number, string>> = {
  2: "use a smaller batch, shorter rows, recomputation, or a GPU with more memory",
  100: "no CUDA device is visible: check nvidia-smi and CUDA_VISIBLE_DEVICES",
  209: "this GPU is older than the kernels: compute capability 8.0 (Ampere) or newer is needed",
  222: "update the NVIDIA driver: 470 or newer is needed",
  700: "a kernel accessed memory outside its buffers: please report it with the command that you ran",
  719: "a kernel failed: please report it with the command that you ran",
  802: "the GPU's fabric is not ready: check nvidia-smi and the fabric manager",
  803: "the driver and its kernel module have different versions: restart the machine",
};

/** File name of the driver library; LORAFIT_CUDA_DRIVER overrides the system's. */
export function driverLibrary(): string {
  const named = process.env["LORAFIT_CUDA_DRIVER"];
  if (named) return named;
  return process.platform === "win32" ? "nvcuda.dll" : "libcuda.so.1";
}

/** The loaded driver library. Calls throw on any result other than CUDA_SUCCESS. */
export class Driver {
  readonly #library: LibraryHandle;
  readonly #functions = new Map<string, (...args: unknown[]) => number>();
  readonly #koffi: typeof import("koffi");
  readonly path: string;

  /** @throws environment error when the library cannot be loaded */
  constructor(path = driverLibrary()) {
    this.path = path;
    try {
      this.#koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
      this.#library = this.#koffi.load(path);
    } catch (cause) {
      throw new LorafitError("environment", `no NVIDIA driver: ${path} cannot be loaded`, {
        hint: "install the NVIDIA driver, or use --engine onnx",
        cause,
      });
    }
  }

  /** @throws environment error with the driver's name for the failure */
  call(name: DriverCall, ...args: unknown[]): void {
    const code = this.status(name, ...args);
    if (code !== 0) throw this.error(name, code);
  }

  /** @returns the call's CUresult: 0 is success */
  status(name: DriverCall, ...args: unknown[]): number {
    return this.#function(name, SIGNATURES[name])(...args);
  }

  /** @returns the value that the call writes through its output pointer; `args` are the other arguments */
  out(name: DriverCall, ...args: unknown[]): bigint {
    const output: unknown[] = [null];
    const parameters = SIGNATURES[name].split(",");
    args.splice(
      parameters.findIndex((text) => text.includes("_Out_")),
      0,
      output,
    );
    this.call(name, ...args);
    return BigInt(output[0] as number | bigint);
  }

  error(name: DriverCall, code: number): LorafitError {
    const symbol: (string | null)[] = [null];
    this.#function("cuGetErrorName", "int cuGetErrorName(int error, _Out_ const char **name)")(code, symbol);
    return new LorafitError(
      "environment",
      `${name}: ${symbol[0] ?? "unknown error"} (${code})${this.#detail()}`,
      {
        hint: HINTS[code] ?? "run `lorafit doctor`",
      },
    );
  }

  /** True if all work before the event is done. */
  reached(event: Handle): boolean {
    const code = this.status("cuEventQuery", event);
    if (code !== 0 && code !== NOT_READY) throw this.error("cuEventQuery", code);
    return code === 0;
  }

  /** View of the bytes at a host address, such as pinned memory. */
  view(address: bigint, bytes: number): ArrayBuffer {
    return this.#koffi.view(address, bytes) as ArrayBuffer;
  }

  /**
   * Address of a buffer's bytes. The caller must keep the buffer reachable while the driver may use the address. Reading
   * `.buffer` first moves a small array out of V8's heap, where the garbage collector would relocate it.
   */
  addressOf(buffer: ArrayBufferView): bigint {
    return BigInt(this.#koffi.address(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)));
  }

  /** Binds a function that only the emulator exports; undefined on a real driver. */
  emulator(signature: string): ((...args: unknown[]) => unknown) | undefined {
    try {
      return this.#library.func(signature);
    } catch {
      return undefined;
    }
  }

  #detail(): string {
    const detail = this.emulator("const char *emuLastError()")?.();
    return detail ? `: ${detail}` : "";
  }

  #function(name: string, signature: string): (...args: unknown[]) => number {
    let known = this.#functions.get(name);
    if (known === undefined) {
      known = this.#library.func(signature) as (...args: unknown[]) => number;
      this.#functions.set(name, known);
    }
    return known;
  }
}
