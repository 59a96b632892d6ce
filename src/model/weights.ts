import type { TokenizerFiles } from "../tokens/files.ts";
import type { ModelConfig } from "./config.ts";

export interface TensorInfo {
  /** Hugging Face layout: model.layers.0.self_attn.q_proj.weight. */
  readonly name: string;
  readonly shape: readonly number[];
  /** How it is stored: F32, BF16, Q4_1 … */
  readonly storage: string;
}

/** One file in which every tensor lies as little-endian float32, to be mapped by an engine. */
export interface Float32File {
  readonly path: string;
  readonly tensors: ReadonlyMap<
    string,
    { readonly offset: number; readonly length: number; readonly shape: readonly number[] }
  >;
}

/** A base on disk, whatever its format: names and shapes of Hugging Face, values dequantised to float32. */
export interface WeightSource {
  readonly config: ModelConfig;
  readonly path: string;
  /** Identity of the base: over its config and every byte of its weights. */
  readonly sha256: string;
  list(): readonly TensorInfo[];
  /** Row-major [out, in]. */
  read(name: string): Float32Array;
  /** The model's own file when it is one float32 file; else a cache file, written once. */
  float32File(): Float32File;
  tokenizerFiles(): TokenizerFiles;
}
