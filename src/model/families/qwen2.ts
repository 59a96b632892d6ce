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
  // The file names a window even where none is used.
  if (reader.get("use_sliding_window") === true) reader.only("sliding_window", [null]);
  // Keys of llama that transformers does not read here.
  for (const key of ["sliding_window", "attention_bias", "mlp_bias"]) reader.get(key);
  return readLlamaConfig(reader, "qwen2", { attentionBias: "qkv", mlpBias: false });
}
