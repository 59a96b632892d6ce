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
  "Mistral's window": { model_type: "mistral", sliding_window: null },
  "Granite's multipliers": { model_type: "granite", embedding_multiplier: 12, logits_scaling: 8 },
  "SmolLM3's layers without positions": { model_type: "smollm3", num_hidden_layers: 5 },
  "GPT-2's keys": { model_type: "gpt2", scale_attn_weights: false, activation_function: "gelu" },
  "linear scaling": { rope_scaling: { type: "linear", factor: 2 } },
  "llama3 scaling": { rope_scaling: llama3, rope_theta: 500000 },
})) {
  it(`gives the same model back: ${what}`, () => {
    const config = tinyConfig(changes);
    expect(parseModelConfig(JSON.parse(JSON.stringify(configJson(config))), "written")).toEqual(config);
  });
}
