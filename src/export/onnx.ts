import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { Adapter } from "../lora/adapter.ts";
import type { HeadTensor, LoraLayout } from "../lora/layout.ts";
import { familyOf } from "../model/families/index.ts";
import { classifyingProgram, isEncoder } from "../model/programs.ts";
import type { WeightSource } from "../model/weights.ts";
import { graphKeys, writeConsumerFiles } from "./consumer-files.ts";
import { writeEncoderFiles } from "./encoder.ts";
import { writeFactorInputs } from "./factor-inputs.ts";
import { secondName } from "./folder.ts";
import { baseGraph, writeGraph } from "./graph.ts";
import { HEAD_WEIGHT, mergedWeights } from "./merge.ts";

/** File names for transformers.js 3 and later, and for version 2. */
const [GRAPH, GRAPH_V2] = ["onnx/model.onnx", "onnx/decoder_model_merged.onnx"];

/** Programs that run what `writeMerged` wrote to a folder. */
export const consumersOfMerged = (folder: string): string[] => [
  "onnxruntime",
  "@huggingface/transformers",
  ...(existsSync(join(folder, GRAPH_V2!)) ? ["@xenova/transformers 2"] : []),
];

/**
 * Writes a folder for transformers.js: the base with the adapter, if any, merged into its weights. Version 2 reads no external
 * data and few families; a graph that it cannot read does not get its file name.
 */
export async function writeMerged(
  folder: string,
  base: WeightSource,
  adapter: Adapter | null,
  singleFileBytes?: number,
): Promise<void> {
  const weights = adapter === null ? base : mergedWeights(base, adapter);
  const external = writeGraph(join(folder, GRAPH!), baseGraph(base.config, null), weights, singleFileBytes);
  if (isEncoder(base.config)) return writeEncoderFiles(folder, base, external);
  const forVersion2 = !external && familyOf(base.config).opensInTransformersJs2(base.config);
  if (forVersion2) secondName(join(folder, GRAPH!), join(folder, GRAPH_V2!));
  await writeConsumerFiles(folder, base.config, base.tokenizerFiles(), graphKeys(external));
}

/**
 * Writes a folder with a graph from token ids to class logits: the base with the adapter merged into its weights, and its
 * trained head. config.json names the classes as transformers does.
 */
export async function writeClassifier(
  folder: string,
  base: WeightSource,
  adapter: Adapter,
  head: HeadTensor,
  singleFileBytes?: number,
): Promise<void> {
  const program = classifyingProgram(base.config, { name: HEAD_WEIGHT, classes: head.labels.length });
  const weights = mergedWeights(base, adapter);
  const external = writeGraph(join(folder, GRAPH!), program, weights, singleFileBytes);
  await writeConsumerFiles(folder, base.config, base.tokenizerFiles(), graphKeys(external), head.labels);
}

/**
 * Writes a folder for onnxruntime: the base's graph with the factors of `layout` as inputs of any rank, and an adapter's
 * factors if one is given. transformers.js cannot feed such a graph.
 */
export async function writeHotSwap(
  folder: string,
  base: WeightSource,
  layout: LoraLayout,
  beside: { readonly adapter: Adapter; readonly peftFolder: string } | null,
  singleFileBytes?: number,
): Promise<void> {
  const external = writeGraph(join(folder, GRAPH!), baseGraph(base.config, layout), base, singleFileBytes);
  if (beside !== null) {
    writeFactorInputs(folder, beside.adapter);
    copyFileSync(join(beside.peftFolder, "adapter_config.json"), join(folder, "adapter_config.json"));
  }
  if (isEncoder(base.config)) return writeEncoderFiles(folder, base, external);
  await writeConsumerFiles(folder, base.config, base.tokenizerFiles(), graphKeys(external));
}
