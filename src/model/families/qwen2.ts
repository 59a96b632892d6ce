import type { ConfigReader } from "../config-reader.ts";
import type { Family } from "../family.ts";
import { llama } from "./llama.ts";
import { type LlamaConfig, llamaConfigJson, readLlamaConfig } from "./llama-config.ts";
import { llamaGguf } from "./llama-gguf.ts";
import { layerTypesJson, type SlidingRule } from "./sliding.ts";

/** Llama with biases at q, k and v (transformers' modeling_qwen2.py), which config.json does not mention. */
export const qwen2: Family<LlamaConfig> = {
  ...llama,
  modelType: "qwen2",
  architecture: "Qwen2ForCausalLM",
  examples: "Qwen2, Qwen2.5",
  parseConfig,
  configJson: (config) => ({ ...llamaConfigJson(config), ...qwenSlidingJson(config) }),
  gguf: llamaGguf({ architecture: "qwen2", permuted: false, parseConfig }),
};

function parseConfig(reader: ConfigReader): LlamaConfig {
  reader.defaults({ num_key_value_heads: 32, max_position_embeddings: 32768, sliding_window: 4096 });
  // Keys of llama that transformers does not read here.
  for (const key of ["attention_bias", "mlp_bias"]) reader.get(key);
  const sliding = qwenSliding(reader);
  return readLlamaConfig(reader, "qwen2", { attentionBias: "qkv", mlpBias: false, sliding });
}

/** The window of Qwen 2 and 3: off unless use_sliding_window; without layer_types that of the layers from max_window_layers on. */
export function qwenSliding(reader: ConfigReader): SlidingRule {
  const first = Number(reader.get("max_window_layers") ?? 28);
  const window = reader.get("sliding_window") ?? null;
  return {
    window: reader.flag("use_sliding_window") ? window : null,
    isSliding: (layer) => layer >= first,
  };
}

export const qwenSlidingJson = (config: LlamaConfig): Record<string, unknown> =>
  config.sliding === undefined
    ? {}
    : { use_sliding_window: true, sliding_window: config.sliding.window, ...layerTypesJson(config) };
