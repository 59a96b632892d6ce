import type { ConfigReader } from "../config-reader.ts";
import type { Family } from "../family.ts";
import { llama } from "./llama.ts";
import { biasJson, type LlamaConfig, llamaConfigJson, readBiases, readLlamaConfig } from "./llama-config.ts";
import { layerTypesJson } from "./sliding.ts";

/** Llama with some layers without rotary positions, by default every fourth (transformers' modeling_smollm3.py). */
export const smollm3: Family<LlamaConfig> = {
  ...llama,
  modelType: "smollm3",
  architecture: "SmolLM3ForCausalLM",
  examples: "SmolLM3",
  parseConfig(reader) {
    reader.defaults({
      num_key_value_heads: 4,
      max_position_embeddings: 32768,
      rope_theta: 2e6,
      tie_word_embeddings: true,
    });
    const layersWithoutRope = readLayersWithoutRope(reader, reader.integer("num_hidden_layers"));
    const window = reader.get("sliding_window") ?? null;
    const sliding = {
      window: reader.flag("use_sliding_window") ? window : null,
      isSliding: (layer: number) => layersWithoutRope.includes(layer),
    };
    return readLlamaConfig(reader, "smollm3", { ...readBiases(reader), layersWithoutRope, sliding });
  },
  configJson: (config) => ({
    ...llamaConfigJson(config),
    ...biasJson(config),
    no_rope_layers: Array.from({ length: config.layers }, (_, layer) =>
      config.layersWithoutRope!.includes(layer) ? 0 : 1,
    ),
    use_sliding_window: config.sliding !== undefined,
    ...(config.sliding === undefined
      ? {}
      : { sliding_window: config.sliding.window, ...layerTypesJson(config) }),
  }),
  opensInTransformersJs2: () => false,
  gguf: null,
};

/** no_rope_layers has a 0 for each layer without positions; absent: the last of every no_rope_layer_interval layers. */
function readLayersWithoutRope(reader: ConfigReader, layers: number): number[] {
  const interval = reader.integer("no_rope_layer_interval", 4);
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const flags = reader.get("no_rope_layers") ?? all.map((layer) => ((layer + 1) % interval === 0 ? 0 : 1));
  if (!Array.isArray(flags) || flags.length !== layers || flags.some((flag) => flag !== 0 && flag !== 1)) {
    reader.mistake("no_rope_layers", `is not a list of ${layers} zeros and ones`);
    return [];
  }
  return all.filter((layer) => flags[layer] === 0);
}
