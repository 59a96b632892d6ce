import type { UsableNative } from "../engines/tfjs/probe.ts";

/** Which TensorFlow, on which device, and why on no GPU. */
export function describeTensorflow(native: UsableNative): string {
  const what = `TensorFlow ${native.tensorflow} (${native.package}) on ${native.device}`;
  if (!native.gpu) return `${what}; no GPU: ${native.gpuReason}`;
  return process.env["NVIDIA_TF32_OVERRIDE"] === "0"
    ? `${what}; float32 products in float32 (NVIDIA_TF32_OVERRIDE=0)`
    : `${what}; float32 products may be in TF32, 10 bits of mantissa (NVIDIA_TF32_OVERRIDE=0 turns that off)`;
}
