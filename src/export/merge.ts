import type { EngineWeights } from "../engines/engine.ts";
import { unflattenFactors } from "../lora/flat.ts";
import { peftName } from "../lora/layout.ts";
import type { Adapter } from "./adapter.ts";

/** The part of a weight source that exports need: row-major float32 by name. */
export type WeightLookup = Pick<EngineWeights, "read">;

/**
 * The base's weights with the adapter added to each targeted one: W + scale B A (Hu et al. 2021, "LoRA", section 4.1).
 * W is what the source dequantises to, which is what training saw; sums are float64, rounded to float32 once.
 */
export function mergedWeights(base: WeightLookup, { layout, flat }: Adapter): WeightLookup {
  const factors = unflattenFactors(layout, flat);
  const modules = new Map(layout.modules.map((module) => [`${module.module}.weight`, module]));
  return {
    read(name) {
      const weight = base.read(name);
      const module = modules.get(name);
      if (module === undefined) return weight;
      const A = factors.get(peftName(module.module, "A"))!;
      const B = factors.get(peftName(module.module, "B"))!;
      const [rank, columns] = module.shapeA;
      const merged = Float32Array.from(weight);
      const row = new Float64Array(columns);
      for (let o = 0; o < module.shapeB[0]; o++) {
        row.set(weight.subarray(o * columns, (o + 1) * columns));
        for (let k = 0; k < rank; k++) {
          const factor = module.scale * B.data[o * rank + k]!;
          const from = k * columns;
          for (let i = 0; i < columns; i++) row[i]! += factor * A.data[from + i]!;
        }
        merged.set(row, o * columns);
      }
      return merged;
    },
  };
}
