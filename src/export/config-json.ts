import type { ModelConfig } from "../model/config.ts";

const ARCHITECTURE = { llama: "LlamaForCausalLM", qwen2: "Qwen2ForCausalLM" } as const;

/** config.json as transformers and transformers.js read it; parseModelConfig gives the same model back. */
export function configJson(config: ModelConfig): Record<string, unknown> {
  const { theta, scaling } = config.rope;
  return {
    architectures: [ARCHITECTURE[config.family]],
    model_type: config.family,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: config.activation,
    max_position_embeddings: config.maxPositions,
    rms_norm_eps: config.normEps,
    rope_theta: theta,
    rope_scaling: scalingJson(scaling),
    tie_word_embeddings: config.tied,
    // Qwen2's biases are what they are, without a key.
    ...(config.family === "llama"
      ? { attention_bias: config.attentionBias === "all", mlp_bias: config.mlpBias }
      : {}),
    bos_token_id: config.bosId,
    eos_token_id: config.eosIds.length === 1 ? config.eosIds[0] : config.eosIds,
    pad_token_id: config.padId,
  };
}

function scalingJson(scaling: ModelConfig["rope"]["scaling"]): Record<string, unknown> | null {
  if (scaling === null) return null;
  if (scaling.type === "linear") return { rope_type: scaling.type, factor: scaling.factor };
  return {
    rope_type: scaling.type,
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalMaxPositions,
  };
}
