import { expect, it } from "vitest";
import { configJson, parseModelConfig } from "../../src/model/families/index.ts";
import { tinyConfig } from "../tiny-model.ts";

const llama3 = {
  rope_type: "llama3",
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 32,
};

for (const [what, changes] of Object.entries({
  plain: {},
  "untied, biased, several ends": {
    tie_word_embeddings: false,
    attention_bias: true,
    eos_token_id: [2, 5],
    pad_token_id: 0,
  },
  "Qwen2's biases": { model_type: "qwen2" },
  "Mistral without a window": { model_type: "mistral", sliding_window: null },
  "Mistral's window": { model_type: "mistral", sliding_window: 5 },
  "Qwen2's windows": {
    model_type: "qwen2",
    use_sliding_window: true,
    sliding_window: 5,
    max_window_layers: 1,
  },
  "Qwen3's head norms": { model_type: "qwen3", head_dim: 10, attention_bias: true },
  "Gemma 3's layers and positions": {
    ...{ model_type: "gemma3_text", head_dim: 10, sliding_window: 4, sliding_window_pattern: 2 },
    ...{ rope_scaling: { rope_type: "linear", factor: 8 }, query_pre_attn_scalar: 20 },
  },
  "Gemma 3 without sliding layers": {
    ...{ model_type: "gemma3_text", head_dim: 10, layer_types: ["full_attention", "full_attention"] },
  },
  "SmolLM3's windows": {
    ...{ model_type: "smollm3", no_rope_layers: [1, 0], use_sliding_window: true, sliding_window: 4 },
  },
  "Granite's multipliers": { model_type: "granite", embedding_multiplier: 12, logits_scaling: 8 },
  "SmolLM3's layers without positions": { model_type: "smollm3", num_hidden_layers: 5 },
  "LFM2's layers": { model_type: "lfm2", tie_embedding: false, block_ffn_dim_multiplier: 1.5 },
  "BERT's token types": { model_type: "bert", type_vocab_size: 3 },
  "ModernBERT's layers": { model_type: "modernbert", global_attn_every_n_layers: 2, local_rope_theta: 500 },
  "GPT-2's keys": { model_type: "gpt2", scale_attn_weights: false, activation_function: "gelu" },
  "linear scaling": { rope_scaling: { type: "linear", factor: 2 } },
  "llama3 scaling": { rope_scaling: llama3, rope_theta: 500000 },
})) {
  it(`gives the same model back: ${what}`, () => {
    const config = tinyConfig(changes);
    expect(parseModelConfig(JSON.parse(JSON.stringify(configJson(config))), "written")).toEqual(config);
  });
}
