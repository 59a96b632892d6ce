import type { UsableNative } from "../../engines/tfjs/probe.ts";

/** Version and device of TensorFlow, and the reason when it uses no GPU. */
export function describeTensorflow(native: UsableNative): string {
  const what = `TensorFlow ${native.tensorflow} (${native.package}) on ${native.device}`;
  if (!native.gpu) return `${what}; no GPU: ${native.gpuReason}`;
  return what;
}
