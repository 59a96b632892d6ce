import type { UsableNative } from "../engines/tfjs/probe.ts";

/** Which TensorFlow, on which device, and why on no GPU. */
export function describeTensorflow(native: UsableNative): string {
  const what = `TensorFlow ${native.tensorflow} (${native.package}) on ${native.device}`;
  if (!native.gpu) return `${what}; no GPU: ${native.gpuReason}`;
  return what;
}
