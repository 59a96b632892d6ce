import { expect, it } from "vitest";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { mergedWeights } from "../../src/export/merge.ts";
import { unflattenFactors } from "../../src/lora/flat.ts";
import { peftName } from "../../src/lora/layout.ts";
import { randomAdapter, randomWeights, TINY_LORA, tinyConfig } from "../tiny-model.ts";

it("adds scale B A to targeted weights and leaves the others alone", () => {
  const config = tinyConfig();
  const weights = randomWeights(config);
  const lora = {
    ...TINY_LORA,
    rsLora: true,
    targets: ["q_proj", "down_proj"],
    rankPattern: { down_proj: 2 },
  };
  const { layout, parameters } = randomAdapter(config, lora);
  const flat = parameters.data as Float32Array;
  const base = memoryWeights(weights);
  const merged = mergedWeights(base, { layout, flat });
  const factors = unflattenFactors(layout, flat);
  for (const name of Object.keys(weights)) {
    const module = layout.modules.find((m) => `${m.module}.weight` === name);
    const W = base.read(name);
    const found = merged.read(name);
    if (module === undefined) {
      expect(found).toEqual(W);
      continue;
    }
    const [r, inn] = module.shapeA;
    const scale = lora.alpha / Math.sqrt(module.module.endsWith("down_proj") ? 2 : 3);
    const A = factors.get(peftName(module.module, "A"))!.data;
    const B = factors.get(peftName(module.module, "B"))!.data;
    for (const [at, w] of W.entries()) {
      const [o, i] = [Math.floor(at / inn), at % inn];
      let delta = 0;
      for (let k = 0; k < r; k++) delta += B[o * r + k]! * A[k * inn + i]!;
      expect(Math.abs(found[at]! - (w + scale * delta))).toBeLessThan(
        1e-7 * Math.max(1, Math.abs(w + scale * delta)),
      );
    }
    expect(found).not.toEqual(W);
  }
});
