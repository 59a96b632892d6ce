import type { GgufFile } from "../formats/gguf.ts";
import type { GgufEntry } from "../formats/gguf-writer.ts";
import type { ProgramBuilder } from "../program/builder.ts";
import type { ValueId } from "../program/program.ts";
import type { ModelConfig } from "./config.ts";
import type { ConfigReader } from "./config-reader.ts";

/** A matrix of the base that can be adapted. */
export interface Linear {
  /** Module path in transformers, such as model.layers.0.self_attn.q_proj. Its matrix is the weight `${path}.weight`. */
  readonly path: string;
  /** [out, in], as the Program multiplies by it. */
  readonly shape: readonly [number, number];
  /** True if there is a `${path}.bias` [out]. */
  readonly bias: boolean;
  /** True if Hugging Face files store the matrix as [in, out], as GPT-2's Conv1D does. */
  readonly transposed: boolean;
  /** True if it is among the targets "attention". */
  readonly attention: boolean;
}

/** Attention of one layer, without the mask. */
export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** True if a token sees only itself and the tokens before it. Decoding is always causal. */
  readonly causal: boolean;
  readonly scale: number;
  /** Sliding window: a token sees the last `window` tokens, itself included. Absent: all. */
  readonly window?: number;
}

/** Frozen weights of a gated short convolution (ops/gated-conv.ts). */
export interface ConvWeights {
  readonly filter: ValueId;
  readonly bias: ValueId | undefined;
}

/**
 * Inputs of a forward pass: token ids and positions [B,S], and the mask of earlier tokens. Training shows
 * packed rows at once; decoding goes through a cache (programs.ts).
 */
export interface ForwardContext {
  readonly ids: ValueId;
  readonly positions: ValueId;
  /** Every position is below it. */
  readonly maxPositions: number;
  /** q [B,S,heads*headDim], k and v [B,S,kvHeads*headDim] -> [B,S,heads*headDim]. */
  attend(layer: number, q: ValueId, k: ValueId, v: ValueId, shape: AttentionShape): ValueId;
  /** x [B,S,3*hiddenSize] -> [B,S,hiddenSize]. */
  convolve(layer: number, x: ValueId, weights: ConvWeights): ValueId;
  /** Token types [B,S] of a family that has them; 0 in a text that is no pair. */
  tokenTypes(): ValueId;
}

/** GGUF's names for a family, and what its converter does to the tensors. */
export interface GgufFamily<C extends ModelConfig = ModelConfig> {
  /** Value of general.architecture, and the prefix of the file's own keys. */
  readonly architecture: string;
  /** @throws data error that names every key that is missing or not supported */
  parseConfig(file: GgufFile): C;
  /** Hugging Face name of a tensor; null for a tensor that is part of the config. An unknown name is returned unchanged. */
  tensorName(own: string): string | null;
  /** Undoes the converter's change to a tensor's values. `name` is the Hugging Face name. */
  restore(name: string, data: Float32Array, config: C): Float32Array;
  /** The way back; null for a family that is read only. */
  readonly writer: GgufWriter<C> | null;
}

/** What llama.cpp's converter makes of a Hugging Face model. */
export interface GgufWriter<C extends ModelConfig = ModelConfig> {
  /** The architecture's metadata, or the reason why a file cannot say what this config says. */
  metadata(config: C): Readonly<Record<string, GgufEntry>> | { readonly problem: string };
  /** The file's name of a tensor by its Hugging Face name. */
  ownName(name: string): string;
  store(name: string, data: Float32Array, config: C): Float32Array;
  /** Tensors that are part of the config, by the file's names. */
  extra(config: C): Readonly<Record<string, Float32Array>>;
}

/**
 * A family of models: everything that depends on the architecture. A family is one module in families/ and one entry in
 * families/index.ts; no other file names one.
 */
export interface Family<C extends ModelConfig = ModelConfig> {
  /** transformers' model_type. */
  readonly modelType: string;
  /** transformers' class, written as `architectures`. */
  readonly architecture: string;
  /** transformers' base_model_prefix: part of every name but the head's, and absent in files of the model without head. */
  readonly prefix: string;
  /** The embedding table's name, without the prefix. */
  readonly embedding: string;
  /** Models that a person may know, for messages. */
  readonly examples: string;
  /** Mistakes go to the reader. */
  parseConfig(reader: ConfigReader): C;
  /** The keys of config.json that `parseConfig` reads, without model_type and token ids. */
  configJson(config: C): Record<string, unknown>;
  /** In the order of the forward pass. */
  linears(config: C): readonly Linear[];
  /** Initial values of a weight in transformers: a constant, or normal with the config's initializer_range. */
  initial(name: string): number | "normal";
  /** True for a stored tensor that may be there without being read. */
  ignores(name: string): boolean;
  /** Token ids -> hidden [B,S,hiddenSize], up to and without the final norm. */
  forward(b: ProgramBuilder, config: C, context: ForwardContext): ValueId;
  /** Final norm of the given rows, x [..,hiddenSize] -> [..,hiddenSize]: what a head other than the model's own reads. */
  finalNorm(b: ProgramBuilder, config: C, x: ValueId): ValueId;
  /**
   * Final norm of the given rows: x [..,hiddenSize] -> normed [..,hiddenSize], and the head's weight [V,hiddenSize]. Absent in
   * an encoder, which predicts no next token.
   */
  head?(b: ProgramBuilder, config: C, x: ValueId): { readonly normed: ValueId; readonly head: ValueId };
  /** True if @xenova/transformers 2 runs an export: it knows the model_type and every key that counts. */
  opensInTransformersJs2(config: C): boolean;
  readonly gguf: GgufFamily<C> | null;
}
