import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { batchFromLabels } from "../../src/data/batch.ts";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { mergedWeights } from "../../src/export/merge.ts";
import { openSafetensors, readBytes } from "../../src/formats/safetensors.ts";
import { readAdapter } from "../../src/lora/adapter.ts";
import { factorsByModule } from "../../src/lora/flat.ts";
import { openModel } from "../../src/model/open.ts";
import { debugLogits } from "../../src/train/measure/debug.ts";
import { expectClose } from "../expect-close.ts";
import { randomAdapter, randomWeights, TINY_LORA, tinyConfig } from "../tiny-model.ts";

it("adds scale B A to targeted weights and does not change the others", () => {
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
  const factors = factorsByModule(layout, flat);
  for (const name of Object.keys(weights)) {
    const module = layout.modules.find((m) => `${m.module}.weight` === name);
    const W = base.read(name);
    const found = merged.read(name);
    if (module === undefined) {
      expect(found).toEqual(W);
      continue;
    }
    const { rank: r, shape } = module;
    const inn = shape[1];
    const scale = lora.alpha / Math.sqrt(module.module.endsWith("down_proj") ? 2 : 3);
    const { A, B } = factors.get(module.module) as { A: Float32Array; B: Float32Array };
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

it("merged weights give the logits of PyTorch + PEFT", async () => {
  const name = "all";
  const root = join(import.meta.dirname, "../golden/llama-tiny");
  const base = openModel(join(root, "model"), { cacheDir: join(root, "unused") });
  const merged = mergedWeights(base, readAdapter(join(root, name, "adapter"), base));
  const session = await referenceEngine.open({ ...base, ...merged });
  const batch = batchFromLabels(JSON.parse(readFileSync(join(root, "batch.json"), "utf8")));
  const { data } = await debugLogits(session, base.config, null, batch);
  const { bytes } = readBytes(openSafetensors(join(root, name, "expected.safetensors")), "logits");
  // The merged weights are rounded to float32.
  expectClose(data as Float32Array, new Float64Array(bytes.buffer), 2e-6, "logits");
  await session.close();
});
