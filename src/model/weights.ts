import type { TokenizerFiles } from "../tokens/files.ts";
import type { ModelConfig } from "./config.ts";

export interface TensorInfo {
  /** Hugging Face name, such as model.layers.0.self_attn.q_proj.weight. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Storage type: F32, BF16, Q4_1 … */
  readonly storage: string;
}

/** A file that holds every tensor as little-endian float32, for an engine to map. Offsets and lengths are bytes. */
export interface Float32File {
  readonly path: string;
  readonly tensors: ReadonlyMap<
    string,
    { readonly offset: number; readonly length: number; readonly shape: readonly number[] }
  >;
}

/** A base on disk in any format: names and shapes of Hugging Face, values dequantised to float32. */
export interface WeightSource {
  readonly config: ModelConfig;
  readonly path: string;
  /** Hash over the config and every byte of the weight files. */
  readonly sha256: string;
  list(): readonly TensorInfo[];
  /** Row-major [out, in]. @throws data error for an unknown name or a damaged file */
  read(name: string): Float32Array;
  /** The model's own file if it is one float32 file, else a cache file that is written once. */
  float32File(): Float32File;
  tokenizerFiles(): TokenizerFiles;
}
