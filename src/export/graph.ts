import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { lowerProgram, type WeightData } from "../engines/onnx/lower.ts";
import { makeFolder, writeFileAtomic, writing } from "../formats/files.ts";
import { encodeOnnx } from "../formats/onnx.ts";
import { injectLora } from "../lora/inject.ts";
import type { LoraLayout } from "../lora/layout.ts";
import type { ModelConfig } from "../model/config.ts";
import { decodingProgram, encodingProgram, isEncoder } from "../model/programs.ts";
import type { Program } from "../program/program.ts";
import type { WeightLookup } from "./merge.ts";

/** Limit for weights in one file: protobuf ends at 2 GB, and the graph needs some of it. */
const SINGLE_FILE_BYTES = 1.9e9;

/** The decoding Program, or an encoder's. With a layout, its factors are inputs. */
export function baseGraph(config: ModelConfig, layout: LoraLayout | null): Program {
  const plain = isEncoder(config) ? encodingProgram(config) : decodingProgram(config);
  return layout === null ? plain : injectLora(plain, layout, "inputs");
}

/**
 * Writes a Program in standard operators to `path`. Weights beyond `singleFileBytes` go to the file beside it that
 * transformers.js expects, `path` + "_data".
 * @returns true if there is such a file
 */
export function writeGraph(
  path: string,
  program: Program,
  weights: WeightLookup,
  singleFileBytes = SINGLE_FILE_BYTES,
): boolean {
  const external = 4 * weightCount(program) > singleFileBytes;
  const weight = external
    ? writing(path, () => externalWeights(`${path}_data`, program, weights))
    : (name: string): WeightData => ({ data: weights.read(name) });
  writeFileAtomic(path, encodeOnnx(lowerProgram(program, { profile: "portable", weight })));
  return external;
}

const weightCount = (program: Program): number =>
  program.weights.reduce(
    (sum, id) => sum + (program.values[id]!.shape as number[]).reduce((n, d) => n * d, 1),
    0,
  );

/** Page size in which onnxruntime maps external data. Bytes. */
const ALIGNMENT = 4096;

function externalWeights(
  path: string,
  program: Program,
  weights: WeightLookup,
): (name: string) => WeightData {
  const places = new Map<string, { location: string; offset: number; length: number }>();
  makeFolder(dirname(path));
  const file = openSync(path, "w");
  try {
    let offset = 0;
    for (const id of program.weights) {
      const { name } = program.values[id]!;
      const data = weights.read(name);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(file, bytes, at, Math.min(bytes.length - at, 1 << 30), offset + at);
      }
      places.set(name, { location: basename(path), offset, length: bytes.length });
      offset += Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT;
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return (name) => ({ external: places.get(name)! });
}
