import type { ConfigReader } from "../config-reader.ts";
import type { GgufFamily } from "../family.ts";
import type { LlamaConfig } from "./llama-config.ts";
import { decimal, llamaGguf } from "./llama-gguf.ts";

/** Layers of the 27B model, the only one whose queries are not scaled by the head size (llama.cpp, src/models/gemma3.cpp). */
const LAYERS_27B = 62;

/** GGUF files of Gemma 3. The converter stores norm weights as 1 + w (llama.cpp, convert_hf_to_gguf.py, Gemma3Model). */
export const gemma3Gguf = <C extends LlamaConfig>(parseConfig: (reader: ConfigReader) => C): GgufFamily<C> =>
  llamaGguf({
    architecture: "gemma3",
    permuted: false,
    parseConfig,
    blockNames: {
      post_attention_norm: "post_attention_layernorm",
      ffn_norm: "pre_feedforward_layernorm",
      post_ffw_norm: "post_feedforward_layernorm",
    },
    known: ["attention.sliding_window", "rope.freq_base_swa"],
    configKeys: (get) => ({
      sliding_window: get("attention.sliding_window"),
      rope_local_base_freq: decimal(get("rope.freq_base_swa")),
      query_pre_attn_scalar:
        get("block_count") === LAYERS_27B
          ? Number(get("embedding_length")) / Number(get("attention.head_count"))
          : get("attention.key_length"),
    }),
    restore: (name, data) => (name.endsWith("norm.weight") ? data.map((weight) => weight - 1) : data),
  });
