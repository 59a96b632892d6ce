import type { InferenceSession } from "onnxruntime-node";

/** Options of a session on the WebGPU provider. `locations`: where each output is wanted. */
export function providerOptions(
  locations: Readonly<Record<string, "cpu" | "gpu-buffer">>,
): InferenceSession.SessionOptions {
  return {
    // Shapes are fixed, so freed buffers fit exactly.
    executionProviders: [{ name: "webgpu", storageBufferCacheMode: "simple" }],
    preferredOutputLocation: locations,
    // The graph is fused and ordered; onnxruntime's rewrites would change the order.
    graphOptimizationLevel: "disabled",
    enableMemPattern: false,
    // Errors are thrown as exceptions; onnxruntime would print them too.
    logSeverityLevel: 4,
    // A graph with a node that the provider cannot compute is an error.
    extra: { session: { disable_cpu_ep_fallback: "1" } },
  };
}
