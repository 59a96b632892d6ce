import { LorafitError } from "../errors.ts";
import type { Program } from "../program/program.ts";

/** onnxruntime fails to "alloc"; TensorFlow's status 8 is RESOURCE_EXHAUSTED, "OOM when allocating tensor". */
const SIGNS = /alloc|\bOOM\b|TF_Status: 8\b/;

/** What a native library said, as an environment error when it says that memory ran out; else as it is. */
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
