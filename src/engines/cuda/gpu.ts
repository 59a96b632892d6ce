import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type Device, openDevice } from "./device.ts";
import { type DevicePointer, Driver, type Handle } from "./driver.ts";

/** What `node kernels/build.mjs device` made. */
export const DIST = new URL("../../../kernels/dist/", import.meta.url);
/** CUDA_ERROR_OUT_OF_MEMORY. */
const OUT_OF_MEMORY = 2;
/** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, to be raised for more than this. */
const DYNAMIC_SHARED = 8;
const SHARED_DEFAULT = 48 * 1024;
/** CU_STREAM_NON_BLOCKING: no waiting for the legacy stream. */
const NON_BLOCKING = 1;
/** CU_STREAM_CAPTURE_MODE_THREAD_LOCAL. */
const THREAD_LOCAL = 1;

/** Hash of what the kernels were built from. */
export function kernelSources(): string {
  return (JSON.parse(readFileSync(new URL("manifest.json", DIST), "utf8")) as { sources: string }).sources;
}

/** The device with lorafit's kernels, one stream, and what was allocated on it. */
export class Gpu {
  readonly driver: Driver;
  readonly device: Device;
  readonly stream: Handle;
  readonly #module: Handle;
  readonly #functions = new Map<string, { readonly handle: Handle; sharedBytes: number }>();
  readonly #allocated = new Map<DevicePointer, number>();
  readonly #pinned = new Set<bigint>();
  #peak = 0;
  #lastEnqueued: Promise<unknown> = Promise.resolve();

  /** @throws environment error that says why the kernels cannot run here */
  constructor() {
    this.driver = new Driver();
    this.device = openDevice(this.driver);
    this.#module = this.#load();
    this.stream = this.driver.out("cuStreamCreate", NON_BLOCKING);
  }

  /** Native code where the driver takes it; else the driver compiles the PTX, once, and keeps it in its cache. */
  #load(): Handle {
    const place: unknown[] = [null];
    const status = this.driver.status(
      "cuModuleLoadData",
      place,
      readFileSync(new URL("kernels.fatbin", DIST)),
    );
    if (status === 0) return BigInt(place[0] as number | bigint);
    if (status === OUT_OF_MEMORY) throw this.driver.error("cuModuleLoadData", status);
    // No code for this GPU, or a driver older than the compiler, which knows neither its compression nor its kind of cubin and
    // says so in several ways: PTX of an old version is for both.
    const ptx = gunzipSync(readFileSync(new URL("kernels.ptx.gz", DIST)));
    return this.driver.out("cuModuleLoadData", Buffer.concat([ptx, Buffer.of(0)]));
  }

  /** A kernel that may be launched with so much dynamic shared memory. */
  kernel(name: string, sharedBytes: number): Handle {
    let known = this.#functions.get(name);
    if (known === undefined) {
      known = {
        handle: this.driver.out("cuModuleGetFunction", this.#module, name),
        sharedBytes: SHARED_DEFAULT,
      };
      this.#functions.set(name, known);
    }
    if (sharedBytes > known.sharedBytes) {
      this.driver.call("cuFuncSetAttribute", known.handle, DYNAMIC_SHARED, sharedBytes);
      known.sharedBytes = sharedBytes;
    }
    return known.handle;
  }

  /** @throws environment error when there is not so much memory */
  allocate(bytes: number): DevicePointer {
    const pointer = this.driver.out("cuMemAlloc", Math.max(bytes, 16));
    this.#allocated.set(pointer, bytes);
    this.#peak = Math.max(this.#peak, this.liveBytes);
    return pointer;
  }

  free(pointer: DevicePointer): void {
    if (this.#allocated.delete(pointer)) this.driver.call("cuMemFree", pointer);
  }

  /** Host memory that the device reads and writes while the host goes on. */
  pin(bytes: number): { readonly address: bigint; readonly memory: ArrayBuffer } {
    const size = Math.max(bytes, 16);
    const address = this.driver.out("cuMemHostAlloc", size, 0);
    this.#pinned.add(address);
    return { address, memory: this.driver.view(address, size) };
  }

  unpin(address: bigint): void {
    if (this.#pinned.delete(address)) this.driver.call("cuMemFreeHost", address);
  }

  upload(pointer: DevicePointer, data: ArrayBufferView): void {
    this.driver.call("cuMemcpyHtoD", pointer, data, data.byteLength);
  }

  /** Puts work on the stream in the order in which it was asked for, once `ready` has settled. */
  enqueueInOrder(ready: Promise<unknown>, enqueue: () => void): Promise<void> {
    const enqueued = Promise.all([this.#lastEnqueued, ready]).then(enqueue);
    this.#lastEnqueued = enqueued.catch(() => undefined);
    return enqueued;
  }

  /** What `enqueue` puts on the stream, instead of doing it, as a graph that can be launched. */
  capture(enqueue: () => void): Handle {
    this.driver.call("cuStreamBeginCapture", this.stream, THREAD_LOCAL);
    try {
      enqueue();
    } catch (error) {
      this.driver.status("cuStreamEndCapture", this.stream, [null]);
      throw error;
    }
    const captured = this.driver.out("cuStreamEndCapture", this.stream);
    const graph = this.driver.out("cuGraphInstantiateWithFlags", captured, 0n);
    this.driver.call("cuGraphDestroy", captured);
    this.driver.call("cuGraphUpload", graph, this.stream);
    return graph;
  }

  /** Waits for what `enqueue` puts on the stream. @returns milliseconds of the device's clock; 0 when it has none */
  time(enqueue: () => void): number {
    const event = (): Handle => {
      const made = this.driver.out("cuEventCreate", 0);
      this.driver.call("cuEventRecord", made, this.stream);
      return made;
    };
    const from = event();
    enqueue();
    const to = event();
    this.wait();
    const ms = [0];
    this.driver.call("cuEventElapsedTime", ms, from, to);
    for (const each of [from, to]) this.driver.call("cuEventDestroy", each);
    return ms[0]!;
  }

  wait(): void {
    this.driver.call("cuStreamSynchronize", this.stream);
  }

  get liveBytes(): number {
    return [...this.#allocated.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  get peakBytes(): number {
    return this.#peak;
  }

  close(): void {
    // After a kernel's failure the context is lost, and every call says so again: nothing is left to be freed.
    if (this.driver.status("cuStreamSynchronize", this.stream) === 0) {
      for (const pointer of [...this.#allocated.keys()]) this.free(pointer);
      for (const address of [...this.#pinned]) this.unpin(address);
      this.driver.call("cuStreamDestroy", this.stream);
      this.driver.call("cuModuleUnload", this.#module);
    }
    this.driver.status("cuDevicePrimaryCtxRelease", this.device.ordinal);
  }
}
