import type { HostTensor, Tensors } from "../src/engines/engine.ts";
import type { LoraConfig } from "../src/lora/config.ts";
import { type LoraLayout, loraLayout } from "../src/lora/layout.ts";
import type { ModelConfig } from "../src/model/config.ts";
import { familyOf, parseModelConfig } from "../src/model/families/index.ts";
import { createRng } from "../src/rng.ts";
import { updateFeeds as optimizerFeeds } from "../src/train/feeds.ts";
import { logitsProgram } from "../src/train/programs.ts";

const LLAMA = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 24,
  intermediate_size: 28,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  hidden_act: "silu",
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
};
/** Keys of config.json by model_type, where they are not Llama's. */
const OWN_KEYS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  lfm2: {
    ...{
      hidden_size: 24,
      intermediate_size: 42,
      block_multiple_of: 4,
      num_hidden_layers: 3,
      conv_bias: true,
    },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, full_attn_idxs: [1] },
  },
  bert: {
    ...{ hidden_size: 24, intermediate_size: 28, num_hidden_layers: 2, num_attention_heads: 4 },
    ...{ max_position_embeddings: 64, layer_norm_eps: 1e-12 },
  },
  modernbert: {
    ...{ hidden_size: 24, intermediate_size: 28, num_hidden_layers: 3, num_attention_heads: 4 },
    ...{ max_position_embeddings: 64, local_attention: 6 },
  },
  gpt2: { n_embd: 24, n_inner: 28, n_layer: 2, n_head: 4, n_positions: 64 },
};

/** A model of a few thousand parameters, by default a Llama: grouped heads, odd feed-forward width, tied or untied head. */
export function tinyConfig(changes: Record<string, unknown> = {}): ModelConfig {
  const keys = OWN_KEYS[String(changes["model_type"])] ?? LLAMA;
  return parseModelConfig({ ...keys, vocab_size: 37, bos_token_id: 1, eos_token_id: 2, ...changes }, "tiny");
}

export const TINY_LORA: LoraConfig = {
  variant: "lora",
  rank: 3,
  alpha: 6,
  dropout: 0,
  rsLora: false,
  targets: "all-linear",
  rankPattern: {},
  alphaPattern: {},
};

/** Random weights for every weight that the model's Program names. */
export function randomWeights(config: ModelConfig, seed = "weights"): Tensors {
  const rng = createRng(seed);
  const program = logitsProgram(config, null, 1, 1);
  return Object.fromEntries(
    program.weights.map((id): [string, HostTensor] => {
      const { name, shape } = program.values[id]!;
      const size = (shape as number[]).reduce((product, d) => product * d, 1);
      const norm = familyOf(config).initial(name) === 1;
      const data = Float32Array.from({ length: size }, () =>
        norm ? 1 + 0.1 * rng.normal() : 0.15 * rng.normal(),
      );
      return [name, { shape: shape as number[], data }];
    }),
  );
}

/** A layout and random factors, B included, so that no gradient is zero by construction. */
export function randomAdapter(
  config: ModelConfig,
  lora: LoraConfig = TINY_LORA,
): { layout: LoraLayout; parameters: HostTensor } {
  const layout = loraLayout(config, lora);
  const rng = createRng("adapter");
  const data = Float32Array.from({ length: layout.size }, () => 0.2 * rng.normal());
  return { layout, parameters: { shape: [layout.size], data } };
}

export const OPTIMIZER = {
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
  clip: 1,
  loraPlusRatio: 1,
};

/** Feeds of one packed and one padded row. */
export function tinyFeeds(config: ModelConfig): {
  batch: number;
  sequence: number;
  labelled: number;
  count: number;
  feeds: Tensors;
} {
  const rng = createRng("batch");
  const segments = [1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0];
  const positions = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 0, 0];
  const rows = [1, 2, 4, 5, 6, 10, 11, 12];
  const big = (values: number[]): BigInt64Array => BigInt64Array.from(values, BigInt);
  const tokens = (length: number): number[] => Array.from({ length }, () => rng.int(config.vocabSize));
  return {
    batch: 2,
    sequence: 8,
    labelled: 10,
    count: rows.length,
    feeds: {
      input_ids: { shape: [2, 8], data: big(tokens(16)) },
      positions: { shape: [2, 8], data: big(positions) },
      segments: { shape: [2, 8], data: big(segments) },
      labelled: { shape: [10], data: big([...rows, 0, 0]) },
      targets: { shape: [10], data: big(tokens(10)) },
      loss_weights: { shape: [10], data: Float32Array.from([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]) },
    },
  };
}

export const updateFeeds = (count: number, learningRate = 1e-3, step = 1): Tensors =>
  optimizerFeeds({ beta1: 0.9, beta2: 0.999 }, learningRate, step, count);
