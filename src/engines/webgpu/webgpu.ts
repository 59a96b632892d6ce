import type { Tensor } from "onnxruntime-node";
import { LorafitError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import { elementOf } from "../onnx/lower.ts";
import { loadRuntime, runtimeVersion } from "../onnx/runtime.ts";
import { feedTensor } from "../onnx/tensors.ts";
import { firstFault } from "./fault.ts";
import { sessionBytes, webgpuGraph } from "./memory.ts";
import { WebgpuSession } from "./session.ts";
import { type Adapter, vulkanAdapters } from "./vulkan.ts";

/** Difference of one node from the CPU's that is a fault, relative to the largest entry: sums of a few hundred terms. */
const TOLERANCE = 1e-5;

/** Engine for GPUs of any vendor: the graphs of the onnx engine on onnxruntime's WebGPU provider. */
export const webgpuEngine: Engine = {
  name: "webgpu",
  precisions: ["float32"],
  async probe() {
    try {
      await providerOn();
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  },
  // Free memory is asked of Vulkan.
  ...(process.platform === "linux"
    ? { deviceMemory: (programs) => sessionBytes(programs, vulkanAdapters()[0]?.free ?? 0) }
    : {}),
  async smallestFault(program, weights, given) {
    const runtime = await loadRuntime();
    const graph = webgpuGraph(program);
    const feeds = Object.fromEntries(
      [...program.inputs, ...program.weights].map((id): [string, Tensor] => {
        const value = program.values[id]!;
        const { name, shape, dtype } = value;
        if (program.inputs.includes(id))
          return [name, feedTensor(runtime, program, value, elementOf("webgpu", dtype), given)];
        return [name, new runtime.Tensor("float32", weights.read(name), shape as number[])];
      }),
    );
    return firstFault(runtime, graph, feeds, TOLERANCE);
  },
  async open(weights) {
    const adapter = await providerOn();
    const runtime = await loadRuntime();
    // Faults of the device are thrown; onnxruntime would print them too.
    runtime.env.logLevel = "fatal";
    const name = adapter === null ? process.platform : nameOf(adapter);
    return new WebgpuSession(runtime, weights, `WebGPU on ${name}, float32`);
  },
};

/**
 * The adapter that the provider computes on; null where the system itself has the graphics interface (macOS, Windows).
 * @throws environment error if there is none, with what to do
 */
export async function providerOn(): Promise<Adapter | null> {
  const { listSupportedBackends } = await loadRuntime();
  if (!listSupportedBackends().some(({ name }) => name === "webgpu")) {
    throw new LorafitError(
      "environment",
      `onnxruntime has no WebGPU provider for ${process.platform} ${process.arch}`,
    );
  }
  if (process.platform !== "linux") return null;
  const [adapter] = vulkanAdapters();
  if (adapter === undefined) throw new LorafitError("environment", "the Vulkan drivers offer no device");
  return adapter;
}

/** Library, device and driver: a change of any of them may change the rounding of sums. */
export async function webgpuVersion(): Promise<string> {
  const adapter = await providerOn();
  return `onnxruntime ${runtimeVersion()}, ${adapter === null ? process.platform : nameOf(adapter)}`;
}

/** Why `auto` does not take this adapter, or null. */
export async function notForAuto(): Promise<string | null> {
  const adapter = await providerOn();
  if (adapter?.kind === "software") return `${adapter.name} computes on the CPU`;
  // Windows falls back to a software adapter, and onnxruntime does not say which one it took.
  return adapter === null && process.platform !== "darwin" ? "the adapter is not known here" : null;
}

/** Adapter, driver and limits, a line each; empty where the system does not say. */
export async function adapterFacts(): Promise<string[]> {
  const adapter = await providerOn();
  if (adapter === null) return [];
  const { kind, memory, free, maxBinding } = adapter;
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString("en")} MiB`;
  return [
    `adapter ${nameOf(adapter)} (${kind}), by Vulkan`,
    `${mebibytes(free)} of ${mebibytes(memory)} free; one binding of a shader holds ${mebibytes(maxBinding)}`,
  ];
}

const nameOf = ({ name, driver }: Adapter): string => `${name}, ${driver}`;
