import type { ConfigReader } from "../config-reader.ts";
import type { Family } from "../family.ts";
import { llama } from "./llama.ts";
import { type LlamaConfig, llamaConfigJson, readLlamaConfig } from "./llama-config.ts";
import { llamaGguf } from "./llama-gguf.ts";

/** Llama with biases at q, k and v (transformers' modeling_qwen2.py), which config.json does not mention. */
export const qwen2: Family<LlamaConfig> = {
  ...llama,
  modelType: "qwen2",
  architecture: "Qwen2ForCausalLM",
  examples: "Qwen2, Qwen2.5",
  parseConfig,
  configJson: llamaConfigJson,
  gguf: llamaGguf({ architecture: "qwen2", permuted: false, parseConfig }),
};

function parseConfig(reader: ConfigReader): LlamaConfig {
  reader.defaults({ num_key_value_heads: 32, max_position_embeddings: 32768 });
  // Keys of llama that transformers does not read here.
  for (const key of ["attention_bias", "mlp_bias"]) reader.get(key);
  const config = readLlamaConfig(reader, "qwen2", { attentionBias: "qkv", mlpBias: false });
  // The window is that of the layers from max_window_layers on, 28 by default, where layer_types names none itself.
  const window = reader.get("sliding_window") ?? null;
  const first = reader.get("max_window_layers") ?? 28;
  const layers = reader.get("layer_types") == null && Number(first) < config.layers;
  const shorter = window !== null && !(Number(window) >= config.maxPositions);
  if (reader.get("use_sliding_window") === true && layers && shorter) {
    reader.mistake("sliding_window", `${JSON.stringify(window)} is shorter than the context: not supported`);
  }
  return config;
}
