import type { ConfigReader } from "../config-reader.ts";
import type { Family } from "../family.ts";
import { llama } from "./llama.ts";
import { type LlamaConfig, llamaConfigJson, readLlamaConfig } from "./llama-config.ts";
import { llamaGguf } from "./llama-gguf.ts";
import { qwenSliding, qwenSlidingJson } from "./qwen2.ts";

/** Llama with a norm for each head of q and k, and no biases by default (transformers' modeling_qwen3.py). */
export const qwen3: Family<LlamaConfig> = {
  ...llama,
  modelType: "qwen3",
  architecture: "Qwen3ForCausalLM",
  examples: "Qwen3, Qwen3-Embedding",
  parseConfig,
  configJson: (config) => ({
    ...llamaConfigJson(config),
    attention_bias: config.attentionBias === "all",
    ...qwenSlidingJson(config),
  }),
  opensInTransformersJs2: () => false,
  gguf: llamaGguf({ architecture: "qwen3", permuted: false, parseConfig }),
};

function parseConfig(reader: ConfigReader): LlamaConfig {
  reader.defaults({
    ...{ num_key_value_heads: 32, head_dim: 128, max_position_embeddings: 32768, sliding_window: 4096 },
  });
  // A key of llama that transformers does not read here.
  reader.get("mlp_bias");
  return readLlamaConfig(reader, "qwen3", {
    attentionBias: reader.flag("attention_bias") ? "all" : "none",
    mlpBias: false,
    headNorms: true,
    sliding: qwenSliding(reader),
  });
}
