import type { Family } from "../family.ts";
import { llama } from "./llama.ts";
import { type LlamaConfig, llamaConfigJson, readLlamaConfig } from "./llama-config.ts";

/**
 * Llama without biases and with a sliding window (Jiang et al. 2023, "Mistral 7B"; transformers' modeling_mistral.py). Only a
 * window that is null or covers the context is supported. GGUF files of Mistral have the architecture llama.
 */
export const mistral: Family<LlamaConfig> = {
  ...llama,
  modelType: "mistral",
  architecture: "MistralForCausalLM",
  examples: "Mistral 7B v0.2 and later",
  parseConfig(reader) {
    reader.defaults({ num_key_value_heads: 8, max_position_embeddings: 131072, sliding_window: 4096 });
    const config = readLlamaConfig(reader, "mistral", { attentionBias: "none", mlpBias: false });
    const window = reader.get("sliding_window");
    if (window !== null && !(Number(window) >= config.maxPositions)) {
      reader.mistake(
        "sliding_window",
        `${JSON.stringify(window)} is shorter than the context: not supported`,
      );
    }
    return config;
  },
  configJson: (config) => ({ ...llamaConfigJson(config), sliding_window: null }),
  gguf: null,
};
