import { LorafitError } from "../errors.ts";
import type { Program } from "../program/program.ts";

/**
 * onnxruntime fails to "alloc"; TensorFlow's status 8 is RESOURCE_EXHAUSTED, "OOM when allocating tensor". On WebGPU, a buffer
 * that was not allocated is invalid, and one that no shader can bind is split into too many.
 */
const SIGNS = /alloc|\bOOM\b|TF_Status: 8\b|Invalid Buffer|Too many storage buffers/;

/** The driver reset the device or the GPU is gone (Dawn's and Vulkan's words). */
const LOST = /device (?:is|was) lost|device lost|\[Device[^\]]*\] is lost|DEVICE_LOST/i;

/** Converts an out-of-memory error or a lost device into an environment error; returns other errors unchanged. */
export function explained(engine: string, program: Program, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (LOST.test(cause.message)) {
    return new LorafitError("environment", `${engine} engine: the GPU was lost in ${program.name}`, {
      hint: "resume with --resume from the last checkpoint; if it happens again, update the driver or use --engine onnx",
      cause,
    });
  }
  if (!SIGNS.test(cause.message)) return cause;
  return new LorafitError(
    "environment",
    `${engine} engine: ${program.name} needs more memory than there is`,
    {
      hint: "use a smaller batch, shorter rows, or recomputation",
      cause,
    },
  );
}
