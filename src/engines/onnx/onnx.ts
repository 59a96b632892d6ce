import { LorafitError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import { loadRuntime } from "./runtime.ts";
import { OnnxSession } from "./session.ts";

export interface OnnxOptions {
  /**
   * Prepacking of weights into the layout of onnxruntime's matrix kernels: 5 to 15 % faster for small batches, for twice the
   * weights' bytes in each Program. "auto": in Programs that train, for small batches, if memory allows.
   */
  readonly prepack?: "auto" | boolean;
}

/** Engine for CPUs: each Program is one ONNX graph for onnxruntime. */
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
