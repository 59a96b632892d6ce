import type { Engine } from "../engine.ts";
import { sessionBytes } from "./arena.ts";
import { workspaceBytes } from "./cublaslt.ts";
import { findCublasLt } from "./cublaslt-library.ts";
import { type Device, openDevice, probeDriver } from "./device.ts";
import { Driver, driverLibrary } from "./driver.ts";
import { kernelSources } from "./gpu.ts";
import { lowerProgram } from "./lower.ts";
import { CudaSession } from "./session.ts";

/** lorafit's own kernels through the CUDA driver API: the whole step is one CUDA graph. */
export const cudaEngine: Engine = {
  name: "cuda",
  precisions: ["bf16"],
  packs: ["q8_0", "q4_0"],
  activations: "bf16",
  // Half of it in bf16: at a vocabulary of 49,152, 2,730 rows, enough for large products with the head.
  logitsBytes: 512 * 2 ** 20,
  // Decoding runs where the exported model runs.
  lacks: ["cachedAttention"],
  async probe() {
    const broken = probeDriver(driverLibrary());
    if (broken !== null) return broken;
    try {
      withDevice(findCublasLt);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  },
  deviceMemory(programs) {
    return withDevice((device) => {
      const bytes = sessionBytes(programs.map(lowerProgram));
      const workspace = findCublasLt(device) === undefined ? 0 : workspaceBytes(device);
      return { ...bytes, activations: bytes.activations + workspace, free: device.freeBytes };
    });
  },
  async open(weights, { onKernel } = {}) {
    return new CudaSession(weights, onKernel);
  },
};

/** GPU, driver, kernels and cuBLASLt: with another of these, sums may come out otherwise. */
export function cudaVersion(): string {
  return withDevice((device) => {
    const library = findCublasLt(device);
    const products = library === undefined ? "no cuBLASLt" : `cuBLASLt ${library.version}`;
    return `CUDA ${device.driver}, ${device.name}, kernels ${kernelSources().slice(0, 8)}, ${products}`;
  });
}

/** Where cuBLASLt was found; null when it is not used. */
export const cublasLtPath = (): string | null => withDevice(findCublasLt)?.path ?? null;

function withDevice<T>(use: (device: Device) => T): T {
  const driver = new Driver();
  const device = openDevice(driver);
  try {
    return use(device);
  } finally {
    driver.call("cuDevicePrimaryCtxRelease", device.ordinal);
  }
}
