import { readFileSync } from "node:fs";
import type { Engine } from "../engine.ts";
import { sessionBytes } from "./arena.ts";
import { type Device, openDevice, probeDriver } from "./device.ts";
import { Driver, driverLibrary } from "./driver.ts";
import { DIST } from "./gpu.ts";
import { lowerProgram } from "./lower.ts";
import { CudaSession } from "./session.ts";

/** lorafit's own kernels through the CUDA driver API: the whole step is one CUDA graph. */
export const cudaEngine: Engine = {
  name: "cuda",
  precisions: ["bf16"],
  activations: "bf16",
  // Decoding runs where the exported model runs.
  lacks: ["cachedAttention"],
  async probe() {
    const broken = probeDriver(driverLibrary());
    if (broken !== null) return broken;
    try {
      withDevice(() => undefined);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  },
  deviceMemory(programs) {
    return withDevice(({ multiprocessors, freeBytes }) => {
      const lowered = programs.map((program) => lowerProgram(program, multiprocessors));
      return { ...sessionBytes(lowered), free: freeBytes };
    });
  },
  async open(weights, { onKernel } = {}) {
    return new CudaSession(weights, onKernel);
  },
};

/** GPU, driver and kernels: with another of these, sums may come out otherwise. */
export function cudaVersion(): string {
  const { sources } = JSON.parse(readFileSync(new URL("manifest.json", DIST), "utf8")) as { sources: string };
  return withDevice(({ name, driver }) => `CUDA ${driver}, ${name}, kernels ${sources.slice(0, 8)}`);
}

function withDevice<T>(use: (device: Device) => T): T {
  const driver = new Driver();
  const device = openDevice(driver);
  try {
    return use(device);
  } finally {
    driver.call("cuDevicePrimaryCtxRelease", device.ordinal);
  }
}
