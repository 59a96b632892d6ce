import { acquireContext, type CudaContext, releaseContext } from "./context.ts";
import type { Device } from "./device.ts";
import type { DevicePointer, Driver, Handle } from "./driver.ts";

/** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: must be raised before a launch with more than SHARED_DEFAULT. */
const DYNAMIC_SHARED = 8;
const SHARED_DEFAULT = 48 * 1024;
/** CU_STREAM_NON_BLOCKING: no implicit ordering with the legacy stream. */
const NON_BLOCKING = 1;
/** CU_STREAM_CAPTURE_MODE_THREAD_LOCAL. */
const THREAD_LOCAL = 1;

/** One stream of the device, and the memory and kernels of one session. */
export class Gpu {
  readonly driver: Driver;
  readonly device: Device;
  readonly stream: Handle;
  readonly #context: CudaContext;
  readonly #functions = new Map<string, { readonly handle: Handle; sharedBytes: number }>();
  readonly #allocated = new Map<DevicePointer, number>();
  readonly #pinned = new Set<bigint>();
  /** Host side of a copy in progress. The driver has only its address, which does not keep the buffer reachable. */
  readonly #inFlight = new Set<ArrayBufferView>();
  #peak = 0;
  #lastEnqueued: Promise<unknown> = Promise.resolve();

  /** @throws environment error that says why the kernels cannot run here */
  constructor() {
    this.#context = acquireContext();
    this.driver = this.#context.driver;
    this.device = this.#context.device;
    this.stream = this.driver.out("cuStreamCreate", NON_BLOCKING);
  }

  /** Handle of a kernel that may be launched with `sharedBytes` of dynamic shared memory. */
  kernel(name: string, sharedBytes: number): Handle {
    let known = this.#functions.get(name);
    if (known === undefined) {
      known = {
        handle: this.driver.out("cuModuleGetFunction", this.#context.module, name),
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

  /** @throws environment error when the device has too little memory */
  allocate(bytes: number): DevicePointer {
    const pointer = this.driver.out("cuMemAlloc", Math.max(bytes, 16));
    this.#allocated.set(pointer, bytes);
    this.#peak = Math.max(this.#peak, this.liveBytes);
    return pointer;
  }

  /** Never throws: after a kernel's failure nothing can be freed, and the memory ends with the context. */
  free(pointer: DevicePointer): void {
    if (this.#allocated.delete(pointer)) this.driver.status("cuMemFree", pointer);
  }

  /** Allocates pinned host memory, which the device reads and writes asynchronously. */
  pin(bytes: number): { readonly address: bigint; readonly memory: ArrayBuffer } {
    const size = Math.max(bytes, 16);
    const address = this.driver.out("cuMemHostAlloc", size, 0);
    this.#pinned.add(address);
    return { address, memory: this.driver.view(address, size) };
  }

  unpin(address: bigint): void {
    if (this.#pinned.delete(address)) this.driver.status("cuMemFreeHost", address);
  }

  /**
   * Copies to the device and waits. The copy is on the session's stream: a copy on the legacy stream is not ordered before the
   * kernels of a non-blocking stream, and from pageable memory it may still be in flight when the call returns.
   */
  upload(pointer: DevicePointer, data: ArrayBufferView): void {
    this.#copyAndWait(data, (address) =>
      this.driver.call("cuMemcpyHtoDAsync", pointer, address, data.byteLength, this.stream),
    );
  }

  /** Copies from the device after all work on the stream, and waits. */
  download(pointer: DevicePointer, into: ArrayBufferView): void {
    this.#copyAndWait(into, (address) =>
      this.driver.call("cuMemcpyDtoHAsync", address, pointer, into.byteLength, this.stream),
    );
  }

  #copyAndWait(host: ArrayBufferView, enqueue: (address: bigint) => void): void {
    this.#inFlight.add(host);
    enqueue(this.driver.addressOf(host));
    this.wait();
    this.#inFlight.delete(host);
  }

  /** Runs `enqueue` once `ready` has settled and all earlier calls of this method have run theirs. */
  enqueueInOrder(ready: Promise<unknown>, enqueue: () => void): Promise<void> {
    const enqueued = Promise.all([this.#lastEnqueued, ready]).then(enqueue);
    this.#lastEnqueued = enqueued.catch(() => undefined);
    return enqueued;
  }

  /** Captures the work that `enqueue` puts on the stream as an executable graph. */
  capture(enqueue: () => void): Handle {
    this.driver.call("cuStreamBeginCapture", this.stream, THREAD_LOCAL);
    try {
      enqueue();
    } catch (error) {
      const graph: unknown[] = [null];
      const status = this.driver.status("cuStreamEndCapture", this.stream, graph);
      if (status === 0) this.driver.status("cuGraphDestroy", BigInt(graph[0] as number | bigint));
      throw error;
    }
    const captured = this.driver.out("cuStreamEndCapture", this.stream);
    const graph = this.driver.out("cuGraphInstantiateWithFlags", captured, 0n);
    this.driver.call("cuGraphDestroy", captured);
    this.driver.call("cuGraphUpload", graph, this.stream);
    return graph;
  }

  /** Waits for the work that `enqueue` puts on the stream. @returns its device time in milliseconds; 0 without a clock */
  time(enqueue: () => void): number {
    const from = this.recordEvent();
    enqueue();
    const to = this.recordEvent();
    this.wait();
    return this.elapsed(from, to);
  }

  /** A timing event on the stream. */
  recordEvent(): Handle {
    const event = this.driver.out("cuEventCreate", 0);
    this.driver.call("cuEventRecord", event, this.stream);
    return event;
  }

  /** Milliseconds between two events that have been reached; destroys both. */
  elapsed(from: Handle, to: Handle): number {
    const ms = [0];
    this.driver.call("cuEventElapsedTime", ms, from, to);
    for (const event of [from, to]) this.driver.call("cuEventDestroy", event);
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

  /** Frees the session's memory and stream; never throws. */
  close(): void {
    const failed = this.driver.status("cuStreamSynchronize", this.stream) !== 0;
    for (const pointer of [...this.#allocated.keys()]) this.free(pointer);
    for (const address of [...this.#pinned]) this.unpin(address);
    this.driver.status("cuStreamDestroy", this.stream);
    releaseContext(this.#context, failed);
  }
}
