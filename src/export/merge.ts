import type { EngineWeights } from "../engines/engine.ts";
import type { Adapter } from "../lora/adapter.ts";
import { factorsByModule, headWeight } from "../lora/flat.ts";
import { HEAD_MODULE } from "../lora/layout.ts";

/** The part of a weight source that an export needs: row-major float32 by name. */
export type WeightLookup = Pick<EngineWeights, "read">;

/** Name of a classification head among the weights. */
export const HEAD_WEIGHT = `${HEAD_MODULE}.weight`;

/** The base's weights, as dequantised for training, with the adapter merged into each targeted one; and its head. */
export function mergedWeights(base: WeightLookup, { layout, flat }: Adapter): WeightLookup {
  const factors = factorsByModule(layout, flat);
  const head = headWeight(layout, flat);
  const linears = new Map(layout.modules.map((linear) => [`${linear.module}.weight`, linear]));
  return {
    read(name) {
      if (name === HEAD_WEIGHT && head !== undefined) return head;
      const weight = base.read(name);
      const linear = linears.get(name);
      return linear === undefined
        ? weight
        : layout.variant.merge(weight, linear, factors.get(linear.module)!);
    },
  };
}
