import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { LorafitError } from "../../errors.ts";
import type { Driver, Handle } from "./driver.ts";

/** Numbers of CUdevice_attribute. */
const ATTRIBUTE = { multiprocessors: 16, major: 75, minor: 76, sharedBytes: 97 } as const;

/** CUDA 11.4, driver 470: the first that takes the PTX in kernels/dist. */
const OLDEST_DRIVER = 11_040;
const OLDEST_CAPABILITY = 8;
/** Below this nothing that is worth training fits. */
const LEAST_BYTES = 2 ** 30;

export interface Device {
  readonly name: string;
  /** Compute capability, such as [9, 0]. */
  readonly capability: readonly [major: number, minor: number];
  readonly multiprocessors: number;
  /** Shared memory that one block may have. */
  readonly sharedBytes: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** CUDA version of the driver, such as 13.0. */
  readonly driver: string;
  readonly ordinal: number;
  readonly context: Handle;
}

/**
 * The first visible device, with its primary context made current.
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
  const [free, total]: unknown[][] = [[null], [null]];
  driver.call("cuMemGetInfo", free, total);
  const freeBytes = Number(free![0]);
  if (freeBytes < LEAST_BYTES) {
    throw refusal(
      `${name} has ${Math.floor(freeBytes / 2 ** 20)} MiB free`,
      "end what else uses the GPU (nvidia-smi lists it)",
    );
  }
  return {
    name,
    capability,
    multiprocessors: attribute("multiprocessors"),
    sharedBytes: attribute("sharedBytes"),
    totalBytes: Number(total![0]),
    freeBytes,
    driver: versionText(version),
    ordinal,
    context,
  };
}

const versionText = (version: number): string =>
  `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;

const refusal = (message: string, hint: string): LorafitError =>
  new LorafitError("environment", message, { hint });

/**
 * Why a driver library cannot even be started, or null. Loads and starts it in a child process: a broken driver must not take
 * this process down with it.
 */
export function probeDriver(path: string): string | null {
  const koffi = createRequire(import.meta.url).resolve("koffi");
  const script = `const library = require(${JSON.stringify(koffi)}).load(${JSON.stringify(path)});
    require("node:fs").writeSync(1, String(library.func("int cuInit(uint flags)")(0)));`;
  const { stdout, stderr, signal, error } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  if (error !== undefined) return `the driver cannot be tried: ${error.message}`;
  if (signal !== null) return `${path} crashes when it is started (${signal})`;
  if (stdout === "0") return null;
  if (stdout !== "") return `${path} does not start: error ${stdout} of cuInit`;
  const reason = /^.*Error: (.*)$/m.exec(stderr)?.[1] ?? "it cannot be loaded";
  return `no NVIDIA driver: ${path}: ${reason}`;
}
