import { LorafitError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import { OnnxSession, type Runtime } from "./session.ts";

export interface OnnxOptions {
  /**
   * Whether onnxruntime keeps weights in the layout of its matrix kernels: 5 to 15 % faster for small batches, for twice
   * the weights' bytes in each Program. "auto": in Programs that train, for small batches, where memory is ample.
   */
  readonly prepack?: "auto" | boolean;
}

/** The embedded engine for CPUs: each Program is one ONNX graph that onnxruntime replays. */
export function createOnnxEngine({ prepack = "auto" }: OnnxOptions = {}): Engine {
  return {
    name: "onnx",
    precisions: ["float32"],
    async probe() {
      return loadRuntime().then(
        () => null,
        (error: Error) => error.message,
      );
    },
    async open(weights, options = {}) {
      try {
        return new OnnxSession(await loadRuntime(), weights, options.threads ?? 0, prepack);
      } catch (cause) {
        throw new LorafitError("environment", `onnx engine: ${(cause as Error).message}`, {
          hint: "run: npm ci",
          cause,
        });
      }
    },
  };
}

export const onnxEngine = createOnnxEngine();

/** Loaded when first wanted: a machine without the native library can still do everything else. */
async function loadRuntime(): Promise<Runtime> {
  const { default: runtime } = await import("onnxruntime-node");
  return runtime;
}
