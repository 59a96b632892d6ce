import type { Family } from "../family.ts";
import { llama } from "./llama.ts";
import { type LlamaConfig, llamaConfigJson, readLlamaConfig } from "./llama-config.ts";

/**
 * Llama without biases and with a sliding window in every layer (Jiang et al. 2023, "Mistral 7B"; transformers'
 * modeling_mistral.py). GGUF files of Mistral have the architecture llama.
 */
export const mistral: Family<LlamaConfig> = {
  ...llama,
  modelType: "mistral",
  architecture: "MistralForCausalLM",
  examples: "Mistral 7B",
  parseConfig(reader) {
    reader.defaults({ num_key_value_heads: 8, max_position_embeddings: 131072, sliding_window: 4096 });
    const sliding = {
      window: reader.get("sliding_window"),
      isSliding: () => true,
      ignoresTypes: true,
    } as const;
    return readLlamaConfig(reader, "mistral", { attentionBias: "none", mlpBias: false, sliding });
  },
  configJson: (config) => ({ ...llamaConfigJson(config), sliding_window: config.sliding?.window ?? null }),
  gguf: null,
};
