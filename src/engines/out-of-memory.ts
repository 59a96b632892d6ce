import { LorafitError } from "../errors.ts";
import type { Program } from "../program/program.ts";

/** onnxruntime fails to "alloc"; TensorFlow's status 8 is RESOURCE_EXHAUSTED, "OOM when allocating tensor". */
const SIGNS = /alloc|\bOOM\b|TF_Status: 8\b/;

/** Converts an out-of-memory error of a native library into an environment error; returns other errors unchanged. */
export function explained(engine: string, program: Program, cause: unknown): unknown {
  if (!(cause instanceof Error) || !SIGNS.test(cause.message)) return cause;
  return new LorafitError(
    "environment",
    `${engine} engine: ${program.name} needs more memory than there is`,
    {
      hint: "use a smaller batch, shorter rows, or recomputation",
      cause,
    },
  );
}
