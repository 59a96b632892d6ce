import { existsSync } from "node:fs";
import { join } from "node:path";
import { openSafetensors, readFloat32, writeSafetensors } from "../formats/safetensors.ts";
import { unflattenFactors } from "../lora/flat.ts";
import { inputName } from "../lora/inject.ts";
import { peftName } from "../lora/layout.ts";
import { type AdaptedBase, type Adapter, readAdapter } from "./adapter.ts";
import type { FactorInputs } from "./decoder.ts";

const FILE = "adapter.safetensors";

/** Factors as a hot-swap graph wants them: a runtime adapter has no scale, so B carries it. */
export function factorInputs({ layout, flat }: Adapter): FactorInputs {
  const factors = unflattenFactors(layout, flat);
  return new Map(
    layout.modules.flatMap(({ module, scale, shapeA, shapeB }) => [
      [inputName(module, "A"), { shape: shapeA, data: factors.get(peftName(module, "A"))!.data }],
      [
        inputName(module, "B"),
        { shape: shapeB, data: factors.get(peftName(module, "B"))!.data.map((x) => x * scale) },
      ],
    ]),
  );
}

/** Writes them under the inputs' own names, to be fed as they are. */
export function writeFactorInputs(folder: string, adapter: Adapter): void {
  writeSafetensors(join(folder, FILE), factorInputs(adapter));
}

/**
 * The factors of an exported folder, or of a PEFT adapter for this base.
 * @throws data error for a damaged file; mismatch when a PEFT adapter does not belong to the base
 */
export function readFactorInputs(folder: string, base: AdaptedBase): FactorInputs {
  if (!existsSync(join(folder, FILE))) return factorInputs(readAdapter(folder, base));
  const file = openSafetensors(join(folder, FILE));
  return new Map(
    [...file.tensors].map(([name, { shape }]) => [name, { shape, data: readFloat32(file, name) }]),
  );
}
