import type { Family } from "../family.ts";
import { llama } from "./llama.ts";
import { biasJson, type LlamaConfig, llamaConfigJson, readBiases, readLlamaConfig } from "./llama-config.ts";

/** Llama with four multipliers (transformers' modeling_granite.py). */
export const granite: Family<LlamaConfig> = {
  ...llama,
  modelType: "granite",
  architecture: "GraniteForCausalLM",
  examples: "Granite 3 dense",
  parseConfig: (reader) =>
    readLlamaConfig(reader, "granite", {
      ...readBiases(reader),
      multipliers: {
        embedding: reader.number("embedding_multiplier", 1),
        attention: reader.number("attention_multiplier", 1),
        residual: reader.number("residual_multiplier", 1),
        logits: reader.number("logits_scaling", 1),
      },
    }),
  configJson: (config) => ({
    ...llamaConfigJson(config),
    ...biasJson(config),
    embedding_multiplier: config.multipliers!.embedding,
    attention_multiplier: config.multipliers!.attention,
    residual_multiplier: config.multipliers!.residual,
    logits_scaling: config.multipliers!.logits,
  }),
  opensInTransformersJs2: () => false,
  gguf: null,
};
