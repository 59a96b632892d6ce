import type { EngineWeights } from "../engines/engine.ts";
import type { Adapter } from "../lora/adapter.ts";
import { factorsByModule } from "../lora/flat.ts";

/** The part of a weight source that an export needs: row-major float32 by name. */
export type WeightLookup = Pick<EngineWeights, "read">;

/** The base's weights, as dequantised for training, with the adapter merged into each targeted one. */
export function mergedWeights(base: WeightLookup, { layout, flat }: Adapter): WeightLookup {
  const factors = factorsByModule(layout, flat);
  const linears = new Map(layout.modules.map((linear) => [`${linear.module}.weight`, linear]));
  return {
    read(name) {
      const weight = base.read(name);
      const linear = linears.get(name);
      return linear === undefined
        ? weight
        : layout.variant.merge(weight, linear, factors.get(linear.module)!);
    },
  };
}
