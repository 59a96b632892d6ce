import type { Engine } from "../engine.ts";
import { cudaContext, kernelSources } from "./driver/context.ts";
import { memoryInfo } from "./driver/device.ts";
import { driverLibrary } from "./driver/driver.ts";
import { probeDriver } from "./driver/probe.ts";
import { WORKSPACE_BYTES } from "./gemm/cublaslt.ts";
import { findCublasLt } from "./gemm/cublaslt-search.ts";
import { sessionBytes } from "./lowering/arena.ts";
import { lowerProgram } from "./lowering/lower.ts";
import { LACKS } from "./ops/index.ts";
import { CudaSession } from "./session.ts";

/** lorafit's own kernels through the CUDA driver API: the whole step is one CUDA graph. */
export const cudaEngine: Engine = {
  name: "cuda",
  precisions: ["bf16"],
  packs: ["q8_0", "q4_0"],
  activations: "bf16",
  // Half as many bytes in bf16. At a vocabulary of 49,152 that is 2,730 rows, enough for efficient GEMMs with the head.
  logitsBytes: 512 * 2 ** 20,
  // Decoding runs on the exported model's runtime.
  lacks: LACKS,
  async probe() {
    const reason = probeDriver(driverLibrary());
    if (reason !== null) return reason;
    try {
      findCublasLt(cudaContext().device);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  },
  deviceMemory(programs) {
    const { driver, device } = cudaContext();
    const bytes = sessionBytes(programs.map(lowerProgram));
    const workspace = findCublasLt(device) === undefined ? 0 : WORKSPACE_BYTES;
    return { ...bytes, activations: bytes.activations + workspace, free: memoryInfo(driver).free };
  },
  async open(weights, { onKernel } = {}) {
    return new CudaSession(weights, onKernel);
  },
};

/** GPU, driver, kernels and cuBLASLt: a change of any of them may change the rounding of sums. */
export function cudaVersion(): string {
  const { device } = cudaContext();
  const library = findCublasLt(device);
  const gemms = library === undefined ? "no cuBLASLt" : `cuBLASLt ${library.version}`;
  return `CUDA ${device.driver}, ${device.name}, kernels ${kernelSources().slice(0, 8)}, ${gemms}`;
}

/** Path of the cuBLASLt in use; null without one. */
export const cublasLtPath = (): string | null => findCublasLt(cudaContext().device)?.path ?? null;
