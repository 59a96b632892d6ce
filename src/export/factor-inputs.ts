import { existsSync } from "node:fs";
import { join } from "node:path";
import { LorafitError } from "../errors.ts";
import { openSafetensors, readFloat32, writeSafetensors } from "../formats/safetensors.ts";
import { type AdaptedBase, type Adapter, readAdapter } from "../lora/adapter.ts";
import { factorsByModule } from "../lora/flat.ts";
import { inputName } from "../lora/layout.ts";
import type { FactorInputs } from "./decoder.ts";

const FILE = "adapter.safetensors";

/** Factors for a hot-swap graph. A runtime adapter has no scale, so the output factor carries it. */
export function factorInputs({ layout, flat }: Adapter): FactorInputs {
  const factors = factorsByModule(layout, flat);
  const scales = new Map(layout.modules.map(({ module, scale }) => [module, scale]));
  const outputs = new Set(layout.variant.factors.filter(({ isOutput }) => isOutput).map(({ kind }) => kind));
  return new Map(
    layout.tensors.map((tensor) => {
      const { module, kind, shape } = tensor;
      const data = factors.get(module)![kind]!;
      const scale = scales.get(module)!;
      return [inputName(tensor), { shape, data: outputs.has(kind) ? data.map((x) => x * scale) : data }];
    }),
  );
}

/** Writes the factors under the names of the graph's inputs. */
export function writeFactorInputs(folder: string, adapter: Adapter): void {
  writeSafetensors(join(folder, FILE), factorInputs(adapter));
}

/**
 * The factors of an exported folder, or of a PEFT adapter for this base.
 * @throws data error for a damaged file; mismatch when a PEFT adapter does not belong to the base
 */
export function readFactorInputs(folder: string, base: AdaptedBase): FactorInputs {
  if (!existsSync(join(folder, FILE))) {
    const adapter = readAdapter(folder, base);
    if (adapter.layout.head === undefined) return factorInputs(adapter);
    throw new LorafitError("mismatch", `${folder}: the adapter classifies texts and does not write any`, {
      hint: "export it with `lorafit export --format onnx`, or name an adapter that generates",
    });
  }
  const file = openSafetensors(join(folder, FILE));
  return new Map(
    [...file.tensors].map(([name, { shape }]) => [name, { shape, data: readFloat32(file, name) }]),
  );
}
