// Writes classifier/adapter: a PEFT folder with a classification head for the bundled base, random and seeded, by lorafit's own writer.
// Then `python test/golden/classifier.py` gives the logits that transformers + PEFT compute from it. Run `npm run build` before.
import { join } from "node:path";
import { unflattenFactors } from "../../dist/lora/flat.js";
import { loraLayout } from "../../dist/lora/layout.js";
import { writePeft } from "../../dist/lora/peft.js";
import { peftTargets } from "../../dist/lora/targets.js";
import { openModel } from "../../dist/model/open.js";
import { createRng } from "../../dist/rng.js";

const base = openModel("models/lorafit-base-5m", { cacheDir: "models" });
const config = {
  ...{ variant: "lora", rank: 2, alpha: 4, dropout: 0, rsLora: false, targets: ["q_proj", "down_proj"] },
  ...{ rankPattern: {}, alphaPattern: {}, head: { labels: ["refund", "exchange", "Größe, „fit“"] } },
};
const layout = loraLayout(base.config, config);
const rng = createRng("classifier");
const flat = Float32Array.from({ length: layout.size }, () => 0.05 * rng.normal());
writePeft(join(import.meta.dirname, "classifier/adapter"), {
  config,
  ...peftTargets(base.config, layout.modules),
  baseName: "lorafit-base-5m",
  baseSha256: base.sha256,
  tensors: unflattenFactors(layout, flat),
});
