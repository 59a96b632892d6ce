import { LorafitError } from "../../../errors.ts";
import type { Driver, Handle } from "./driver.ts";

/** Values of CUdevice_attribute. */
const ATTRIBUTE = { multiprocessors: 16, major: 75, minor: 76, sharedBytes: 97 } as const;

/** CUDA 11.4, driver 470: the first version that takes the PTX in kernels/dist. */
const OLDEST_DRIVER = 11_040;
const OLDEST_CAPABILITY = 8;
/** Smallest free memory with which training is worth starting. */
const LEAST_BYTES = 2 ** 30;

export interface Device {
  readonly name: string;
  /** Compute capability, such as [9, 0]. */
  readonly capability: readonly [major: number, minor: number];
  readonly multiprocessors: number;
  /** Largest shared memory of one block, bytes. */
  readonly sharedBytes: number;
  readonly totalBytes: number;
  /** CUDA version of the driver, such as 13.0. */
  readonly driver: string;
  readonly ordinal: number;
  readonly context: Handle;
}

/**
 * The first visible device, with its primary context retained and made current.
 * @throws environment error that says why lorafit's kernels cannot run here
 */
export function openDevice(driver: Driver): Device {
  driver.call("cuInit", 0);
  const version = Number(driver.out("cuDriverGetVersion"));
  if (Number(driver.out("cuDeviceGetCount")) === 0) throw driver.error("cuDeviceGetCount", 100);
  const ordinal = Number(driver.out("cuDeviceGet", 0));
  const attribute = (which: keyof typeof ATTRIBUTE): number =>
    Number(driver.out("cuDeviceGetAttribute", ATTRIBUTE[which], ordinal));
  const text = Buffer.alloc(128);
  driver.call("cuDeviceGetName", text, text.length, ordinal);
  const name = text.toString("utf8").split("\0")[0]!;
  const capability = [attribute("major"), attribute("minor")] as const;
  if (capability[0] < OLDEST_CAPABILITY) {
    throw refusal(
      `${name} has compute capability ${capability.join(".")}, and the kernels need 8.0`,
      "a GPU of the Ampere generation or newer is needed",
    );
  }
  if (version < OLDEST_DRIVER) {
    throw refusal(
      `the driver of ${name} is for CUDA ${versionText(version)}, and the kernels need 11.4`,
      "update the NVIDIA driver to 470 or newer",
    );
  }
  const context = driver.out("cuDevicePrimaryCtxRetain", ordinal);
  driver.call("cuCtxSetCurrent", context);
  const { free, total } = memoryInfo(driver);
  if (free < LEAST_BYTES) {
    driver.call("cuDevicePrimaryCtxRelease", ordinal);
    throw refusal(
      `${name} has ${Math.floor(free / 2 ** 20)} MiB free`,
      "end what else uses the GPU (nvidia-smi lists it)",
    );
  }
  return {
    name,
    capability,
    multiprocessors: attribute("multiprocessors"),
    sharedBytes: attribute("sharedBytes"),
    totalBytes: total,
    driver: versionText(version),
    ordinal,
    context,
  };
}

/** Memory of the current context's device at this moment, bytes. */
export function memoryInfo(driver: Driver): { readonly free: number; readonly total: number } {
  const [free, total]: unknown[][] = [[null], [null]];
  driver.call("cuMemGetInfo", free, total);
  return { free: Number(free![0]), total: Number(total![0]) };
}

const versionText = (version: number): string =>
  `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

const refusal = (message: string, hint: string): LorafitError =>
  new LorafitError("environment", message, { hint });
