// The training step that bench/gpu.mjs times, as a Program, from which the tables are computed. Needs `npm run build`.
import { readFileSync } from "node:fs";
import { chat } from "../dist/kinds/chat/chat.js";
import { loraLayout } from "../dist/lora/layout.js";
import { parseModelConfig } from "../dist/model/families/index.js";
import { trainingPrograms } from "../dist/train/programs.js";

export const MODELS = ["smollm2-135m", "smollm2-360m", "qwen2.5-0.5b", "llama-3.2-1b"];
export const SHAPES = [
  [1, 512],
  [8, 512],
  [16, 1024],
];
export const RANK = 16;

export function configOf(model) {
  const file = new URL(`models/${model}/config.json`, import.meta.url);
  return parseModelConfig(JSON.parse(readFileSync(file, "utf8")), model);
}

/** A step with adapters on all seven projections, without recomputation. */
export function stepProgram(
  config,
  { batch, sequence, rank = RANK, labelled = batch * sequence, dropout = 0, ...more },
) {
  const lora = {
    variant: "lora",
    rank,
    alpha: 2 * rank,
    dropout,
    rsLora: false,
    targets: "all-linear",
    rankPattern: {},
    alphaPattern: {},
  };
  const optimizer = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clip: 1, loraPlusRatio: 1 };
  const shape = { batch, sequence, labelled };
  const layout = loraLayout(config, lora);
  return trainingPrograms({
    kind: chat,
    model: config,
    layout,
    shape,
    optimizer,
    dropout,
    recompute: false,
    precision: "float32",
    ...more,
  }).step;
}
