import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "../formats/safetensors.ts";
import type { EngineWeights, Tensors } from "./engine.ts";

/** Weights in memory, for tests, conformance and random models. A file is written when an engine maps one. */
export function memoryWeights(tensors: Tensors): EngineWeights & { dispose(): void } {
  let folder: string | undefined;
  return {
    read(name) {
      const tensor = tensors[name];
      if (tensor === undefined) throw new Error(`no weight ${name}`);
      return Float32Array.from(tensor.data as Float32Array);
    },
    float32File() {
      folder ??= mkdtempSync(join(tmpdir(), "lorafit-weights-"));
      const path = join(folder, "model.safetensors");
      return { path, tensors: writeSafetensors(path, tensors) };
    },
    dispose() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
