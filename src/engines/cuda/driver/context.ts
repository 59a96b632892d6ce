import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type Device, openDevice } from "./device.ts";
import { Driver, driverLibrary, type Handle } from "./driver.ts";

/** Output folder of `node kernels/build.mjs device`. */
const DIST = new URL("../../../../kernels/dist/", import.meta.url);
/** CUDA_ERROR_OUT_OF_MEMORY. */
const OUT_OF_MEMORY = 2;

/** SHA-256 of the kernel sources that kernels/dist was built from. */
export function kernelSources(): string {
  return (JSON.parse(readFileSync(new URL("manifest.json", DIST), "utf8")) as { sources: string }).sources;
}

/** Primary context of the first visible device, with lorafit's kernels loaded. */
export interface CudaContext {
  readonly driver: Driver;
  readonly device: Device;
  readonly module: Handle;
}

/** The contexts of this process by path of the driver library, with their sessions and whether a kernel has failed in them. */
const contexts = new Map<string, { readonly context: CudaContext; sessions: number; failed: boolean }>();

/**
 * The context of this process, made current. It is created by the first caller (the probe, as a rule) and kept until the
 * process ends: creating one takes tenths of a second on a GPU, and loading the kernels as long again.
 * @throws environment error that says why the kernels cannot run here
 */
export function cudaContext(): CudaContext {
  const path = driverLibrary();
  const known = contexts.get(path)?.context;
  if (known !== undefined) {
    known.driver.call("cuCtxSetCurrent", known.device.context);
    return known;
  }
  const driver = new Driver(path);
  const device = openDevice(driver);
  try {
    const context = { driver, device, module: loadKernels(driver) };
    contexts.set(path, { context, sessions: 0, failed: false });
    return context;
  } catch (error) {
    driver.status("cuDevicePrimaryCtxRelease", device.ordinal);
    throw error;
  }
}

/**
 * The context for a session, which must release it.
 * @throws environment error like `cudaContext`
 */
export function acquireContext(): CudaContext {
  const context = cudaContext();
  contexts.get(context.driver.path)!.sessions++;
  return context;
}

/**
 * Ends a session's use of the context. After a kernel has failed, every call in the context returns that error; once its last
 * session has ended, the context is destroyed, and the next caller gets a new one.
 */
export function releaseContext({ driver, device }: CudaContext, failed: boolean): void {
  const entry = contexts.get(driver.path)!;
  entry.sessions--;
  entry.failed ||= failed;
  if (!entry.failed || entry.sessions > 0) return;
  contexts.delete(driver.path);
  driver.status("cuDevicePrimaryCtxRelease", device.ordinal);
}

/** Loads native code where the driver takes it, else the PTX, which the driver compiles once and caches on disk. */
function loadKernels(driver: Driver): Handle {
  const module: unknown[] = [null];
  const status = driver.status("cuModuleLoadData", module, readFileSync(new URL("kernels.fatbin", DIST)));
  if (status === 0) return BigInt(module[0] as number | bigint);
  if (status === OUT_OF_MEMORY) throw driver.error("cuModuleLoadData", status);
  // Either the fat binary has no code for this GPU, or the driver is older than the compiler. Such a driver knows neither the
  // compression nor the ELF version and reports this by several codes. The PTX has an old version for both cases.
  const ptx = gunzipSync(readFileSync(new URL("kernels.ptx.gz", DIST)));
  return driver.out("cuModuleLoadData", Buffer.concat([ptx, Buffer.of(0)]));
}
