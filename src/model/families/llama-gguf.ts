import { LorafitError, listMistakes } from "../../errors.ts";
import { type GgufFile, readGgufTensor } from "../../formats/gguf.ts";
import type { GgufEntry } from "../../formats/gguf-writer.ts";
import { ConfigReader } from "../config-reader.ts";
import type { GgufFamily, GgufWriter } from "../family.ts";
import { ropeFrequencies } from "../rope.ts";
import type { LlamaConfig } from "./llama-config.ts";

/** A block's modules: GGUF's names (ggml-org/llama.cpp, gguf-py/gguf/tensor_mapping.py) and Hugging Face's. */
const BLOCK_NAMES: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};
const OUTER_NAMES: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};
/** Divisors of the rotary frequencies: part of the config, not a weight. */
const ROPE_FACTORS = "rope_freqs.weight";

/** Metadata keys, without the architecture, that are read or that do not change the arithmetic. */
const KNOWN = new Set(
  `block_count context_length embedding_length feed_forward_length vocab_size attention.head_count attention.head_count_kv
  attention.key_length attention.value_length attention.layer_norm_rms_epsilon rope.dimension_count rope.freq_base
  rope.scaling.type rope.scaling.factor rope.scaling.original_context_length rope.scaling.finetuned tensor_data_layout`.split(
    /\s+/,
  ),
);

export interface LlamaGgufOptions<C extends LlamaConfig> {
  readonly architecture: string;
  /** True if the converter reorders the rows of q and k (`permute` in llama.cpp's conversion of Llama models). */
  readonly permuted: boolean;
  parseConfig(reader: ConfigReader): C;
  /** Modules of a block that have other names than Llama's. */
  readonly blockNames?: Readonly<Record<string, string>>;
  /** Further metadata keys that are read. */
  readonly known?: readonly string[];
  /** Further keys of config.json; `get` reads the architecture's metadata. */
  configKeys?(get: (key: string) => unknown): Record<string, unknown>;
  /** Undoes a change of the converter to a tensor's values, after the order of rows. */
  restore?(name: string, data: Float32Array): Float32Array;
}

/** GGUF files of Llama and its variations. */
export function llamaGguf<C extends LlamaConfig>(options: LlamaGgufOptions<C>): GgufFamily<C> {
  const { architecture, permuted, parseConfig } = options;
  const blockNames = { ...BLOCK_NAMES, ...options.blockNames };
  const known = new Set([...KNOWN, ...(options.known ?? [])]);
  return {
    architecture,
    parseConfig(file) {
      refuseUnknown(file, architecture, known);
      const get = getter(file, architecture);
      const json = { ...metadataJson(file, get), ...options.configKeys?.(get) };
      const reader = new ConfigReader(json, file.path);
      const config = parseConfig(reader);
      reader.finish();
      const rotated = file.metadata.get(`${architecture}.rope.dimension_count`) ?? config.headDim;
      if (Number(rotated) !== config.headDim) {
        throw new LorafitError(
          "data",
          `${file.path}: ${architecture}.rope.dimension_count ${rotated} differs from the head size ${config.headDim}: not supported`,
        );
      }
      return file.tensors.has(ROPE_FACTORS) ? withLlama3Scaling(file, config) : config;
    },
    tensorName(own) {
      if (own === ROPE_FACTORS) return null;
      const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(own) ?? [];
      const block = part === undefined ? undefined : blockNames[part];
      return block === undefined ? (OUTER_NAMES[own] ?? own) : `model.layers.${layer}.${block}.${kind}`;
    },
    restore(name, data, { heads, kvHeads, headDim }) {
      if (!permuted) return options.restore?.(name, data) ?? data;
      if (name.includes(".q_proj.")) return reordered(data, heads, headDim, "back");
      return name.includes(".k_proj.") ? reordered(data, kvHeads, headDim, "back") : data;
    },
    writer: options.restore === undefined ? writerOf(architecture, permuted) : null,
  };
}

/** Files as llama.cpp's converter writes them (convert_hf_to_gguf.py, LlamaModel, Qwen2Model, Qwen3Model). */
function writerOf<C extends LlamaConfig>(architecture: string, permuted: boolean): GgufWriter<C> {
  const own = new Map(Object.entries(BLOCK_NAMES).map(([part, module]) => [module, part]));
  const outer = new Map(Object.entries(OUTER_NAMES).map(([name, module]) => [module, name]));
  return {
    metadata: (config) => metadataOf(architecture, config),
    ownName(name) {
      const [, layer, module, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
      return module === undefined ? outer.get(name)! : `blk.${layer}.${own.get(module)}.${kind}`;
    },
    store(name, data, { heads, kvHeads, headDim }) {
      if (!permuted) return data;
      if (name.includes(".q_proj.")) return reordered(data, heads, headDim, "out");
      return name.includes(".k_proj.") ? reordered(data, kvHeads, headDim, "out") : data;
    },
    extra({ rope, headDim }): Record<string, Float32Array> {
      if (rope.scaling?.type !== "llama3") return {};
      const [plain, scaled] = [
        ropeFrequencies(headDim, { ...rope, scaling: null }),
        ropeFrequencies(headDim, rope),
      ];
      return { [ROPE_FACTORS]: plain.map((frequency, i) => frequency / scaled[i]!) };
    },
  };
}

function metadataOf(architecture: string, config: LlamaConfig): ReturnType<GgufWriter["metadata"]> {
  const { rope, sliding, multipliers, layersWithoutRope } = config;
  const cannot = [
    [sliding !== undefined, "sliding windows"],
    [multipliers !== undefined, "multipliers"],
    [layersWithoutRope !== undefined, "layers without positions"],
    [!isMeta(rope), "Llama 3's rope scaling other than Meta's"],
  ].find(([has]) => has);
  if (cannot !== undefined) return { problem: `${architecture} in GGUF has no ${String(cannot[1])}` };
  const keys: Record<string, GgufEntry> = {
    block_count: ["u32", config.layers],
    context_length: ["u32", config.maxPositions],
    embedding_length: ["u32", config.hiddenSize],
    feed_forward_length: ["u32", config.intermediateSize],
    vocab_size: ["u32", config.vocabSize],
    "attention.head_count": ["u32", config.heads],
    "attention.head_count_kv": ["u32", config.kvHeads],
    "attention.key_length": ["u32", config.headDim],
    "attention.value_length": ["u32", config.headDim],
    "attention.layer_norm_rms_epsilon": ["f32", config.normEps],
    "rope.dimension_count": ["u32", config.headDim],
    "rope.freq_base": ["f32", rope.theta],
    ...(rope.scaling?.type === "linear" && {
      "rope.scaling.type": ["string", "linear"] as const,
      "rope.scaling.factor": ["f32", rope.scaling.factor] as const,
    }),
  };
  return Object.fromEntries(Object.entries(keys).map(([key, entry]) => [`${architecture}.${key}`, entry]));
}

/** Reads an architecture's metadata as numbers. */
const getter =
  ({ metadata }: GgufFile, architecture: string) =>
  (key: string): unknown => {
    const value = metadata.get(`${architecture}.${key}`);
    return typeof value === "bigint" ? Number(value) : value;
  };

/** A float32 as the decimal number that it was: 1e-5 has stray digits after the seventh. */
export const decimal = (value: unknown): unknown =>
  typeof value === "number" ? Number(value.toPrecision(7)) : value;

/** The metadata as the config.json that the file was converted from. */
function metadataJson(
  { metadata, tensors }: GgufFile,
  get: (key: string) => unknown,
): Record<string, unknown> {
  const scaling = get("rope.scaling.type");
  return {
    vocab_size: tensors.get("token_embd.weight")?.shape[0],
    hidden_size: get("embedding_length"),
    num_hidden_layers: get("block_count"),
    num_attention_heads: get("attention.head_count"),
    num_key_value_heads: get("attention.head_count_kv"),
    head_dim: get("attention.key_length"),
    intermediate_size: get("feed_forward_length"),
    rms_norm_eps: decimal(get("attention.layer_norm_rms_epsilon")),
    max_position_embeddings: get("context_length"),
    rope_theta: decimal(get("rope.freq_base")),
    rope_scaling:
      scaling === undefined || scaling === "none"
        ? null
        : { rope_type: scaling, factor: get("rope.scaling.factor") },
    tie_word_embeddings: !tensors.has("output.weight"),
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_up.bias"),
    bos_token_id: metadata.get("tokenizer.ggml.bos_token_id"),
    eos_token_id: metadata.get("tokenizer.ggml.eos_token_id"),
    pad_token_id: metadata.get("tokenizer.ggml.padding_token_id"),
  };
}

/** Refuses a key that is switched on and not known: experts, windows and scales change the arithmetic. */
function refuseUnknown({ path, metadata }: GgufFile, architecture: string, known: ReadonlySet<string>): void {
  const mistakes = [...metadata]
    .filter(([key]) => key.startsWith(`${architecture}.`) && !known.has(key.slice(architecture.length + 1)))
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([key, value]) => `${key} ${String(value)} is not supported`);
  const epsilon = `${architecture}.attention.layer_norm_rms_epsilon`;
  if (!metadata.has(epsilon)) mistakes.push(`${epsilon} is missing`);
  const [key, value] = ["key", "value"].map((kind) =>
    metadata.get(`${architecture}.attention.${kind}_length`),
  );
  if (key !== value)
    mistakes.push(
      `${architecture}.attention.key_length ${String(key)} and value_length ${String(value)} differ`,
    );
  if (mistakes.length > 0) {
    throw new LorafitError("data", `${path}: this model is not supported\n${listMistakes(mistakes)}`);
  }
}

/** Llama 3's scaling as Meta published it, without the factor. */
const META = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 8192 } as const;

/** True unless the rope has a Llama 3 scaling with other parameters. */
const isMeta = ({ scaling }: LlamaConfig["rope"]): boolean =>
  scaling?.type !== "llama3" ||
  (Object.keys(META) as (keyof typeof META)[]).every((key) => scaling[key] === META[key]);

/**
 * GGUF stores Llama 3's scaling as its effect: one divisor for each frequency. The parameters are those that Meta published;
 * the largest divisor is the factor, and all divisors must agree with the ones that follow from it.
 */
function withLlama3Scaling<C extends LlamaConfig>(file: GgufFile, config: C): C {
  const divisors = readGgufTensor(file, ROPE_FACTORS);
  const factor = Math.max(...divisors.subarray(0, config.headDim));
  const scaling = { type: "llama3", factor, ...META } as const;
  const scaled = { ...config.rope, scaling };
  const plain = ropeFrequencies(config.headDim, config.rope);
  const expected = ropeFrequencies(config.headDim, scaled);
  const agrees =
    divisors.length === plain.length &&
    divisors.every((d, i) => Math.abs(plain[i]! / d / expected[i]! - 1) < 1e-4);
  if (!agrees) {
    throw new LorafitError(
      "data",
      `${file.path}: ${ROPE_FACTORS} [${divisors.length}] is not Llama 3's rope scaling: not supported`,
    );
  }
  return { ...config, rope: scaled };
}

/** Rows of q or k from Hugging Face's order [heads, 2, headDim/2] out to the converter's [heads, headDim/2, 2], or back. */
function reordered(data: Float32Array, heads: number, headDim: number, way: "out" | "back"): Float32Array {
  const width = data.length / (heads * headDim);
  const out = new Float32Array(data.length);
  for (let row = 0; row < heads * headDim; row++) {
    const within = row % headDim;
    const target = row - within + (within >> 1) + (within & 1) * (headDim / 2);
    const [from, to] = way === "back" ? [row, target] : [target, row];
    out.set(data.subarray(from * width, (from + 1) * width), to * width);
  }
  return out;
}
