import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { jsonText } from "../formats/json.ts";
import {
  openSafetensors,
  readFloat32,
  type SafetensorsFile,
  writeSafetensors,
} from "../formats/safetensors.ts";
import { WEIGHT_LIMIT } from "../model/finite.ts";
import type { ClassHead, LoraConfig } from "./config.ts";
import type { FactorTensor } from "./flat.ts";
import { HEAD_NAME, parsePeftName, peftNames, scalingOf } from "./layout.ts";
import { isTargeted, type PeftConfig, rankOf, readPeftConfig, SAVED_HEADS } from "./peft-config.ts";
import { VARIANTS } from "./variants/index.ts";
import type { Variant } from "./variants/variant.ts";

/** Names of the files in a PEFT folder. */
export const PEFT_FILES = { config: "adapter_config.json", weights: "adapter_model.safetensors" } as const;

/** An adapter as PEFT stores it: huggingface/peft, src/peft/tuners/lora/config.py and utils/save_and_load.py. */
export interface PeftAdapter {
  readonly config: LoraConfig;
  /** adapter_config.json as it is. */
  readonly peft: PeftConfig;
  readonly baseName: string | null;
  /** Hash of the base that it was trained on; null if lorafit did not write the adapter. */
  readonly baseSha256: string | null;
  /** By PEFT's names; A [r, in], B [out, r]. */
  readonly tensors: ReadonlyMap<string, FactorTensor>;
}

/** @throws data error that lists everything that is missing, damaged or not supported */
export function readPeft(folder: string): PeftAdapter {
  const file = join(folder, PEFT_FILES.config);
  if (!existsSync(file)) {
    throw new LorafitError("data", `${file}: no such file`, {
      hint: "name a folder in PEFT's format",
    });
  }
  const peft = readPeftConfig(file);
  const weights = openSafetensors(weightsFile(folder));
  const modules = factorModules(peft, weights, file);
  const head = headOf(peft, weights);
  const tensors = new Map<string, FactorTensor>();
  for (const [name, { shape }] of weights.tensors) {
    const data = readFloat32(weights, name);
    if (!data.every(Number.isFinite)) {
      throw new LorafitError("data", `${weights.path}: ${name} has values that are not finite`, {
        hint: "take a checkpoint from before its training diverged",
      });
    }
    tensors.set(name, { shape, data });
  }
  const config: LoraConfig = {
    variant: peft.variant,
    rank: peft.r,
    alpha: peft.lora_alpha,
    dropout: peft.lora_dropout,
    rsLora: peft.use_rslora,
    targets: modules,
    rankPattern: peft.rank_pattern,
    alphaPattern: peft.alpha_pattern,
    ...(head && { head }),
  };
  refuseOverflow(config, modules, tensors, folder);
  return {
    config,
    peft,
    baseName: peft.base_model_name_or_path ?? null,
    baseSha256: weights.metadata["lorafit.base_sha256"] ?? null,
    tensors,
  };
}

/** @throws data error for a module whose weight could change by 2^30 and more: the forward pass would overflow float32 */
function refuseOverflow(
  config: LoraConfig,
  modules: readonly string[],
  tensors: ReadonlyMap<string, FactorTensor>,
  where: string,
): void {
  for (const module of modules) {
    const { rank, scale } = scalingOf(config, module);
    const names = peftNames(VARIANTS[config.variant], module);
    const largest = names.map((name) => largestOf(tensors.get(name)!.data));
    const bound = largest.reduce((product, most) => product * most, Math.abs(scale) * rank);
    if (bound < WEIGHT_LIMIT) continue;
    throw new LorafitError(
      "data",
      `${where}: ${module}: the adapter changes its weight by up to ${bound.toPrecision(2)}, so that the forward pass overflows float32`,
      { hint: `lora_alpha and r scale its factors by ${scale.toPrecision(2)}` },
    );
  }
}

function largestOf(values: Float32Array | Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

/** @throws data error for a folder whose weights are a pickle */
function weightsFile(folder: string): string {
  const path = join(folder, PEFT_FILES.weights);
  const pickle = "adapter_model.bin";
  if (!existsSync(path) && existsSync(join(folder, pickle))) {
    throw new LorafitError(
      "data",
      `${join(folder, pickle)}: is a pickle, which can run code and is not read`,
      {
        hint: `save the adapter again as safetensors: PeftModel.from_pretrained(...).save_pretrained(DIR) writes ${PEFT_FILES.weights}`,
      },
    );
  }
  return path;
}

/**
 * The modules that have factors in the file, in its order: they are what an adapter adapts. A target without factors adds
 * nothing, as in PEFT; factors of a module that is no target are refused, because PEFT leaves them out.
 * @throws data error for tensors that are no factors, and for ranks other than the config's
 */
function factorModules(peft: PeftConfig, { path, tensors }: SafetensorsFile, file: string): string[] {
  const variant: Variant = VARIANTS[peft.variant];
  const modules = new Set<string>();
  const mistakes: string[] = [];
  for (const [name, { shape }] of tensors) {
    if (name === HEAD_NAME && peft.task_type === "SEQ_CLS" && shape.length === 2) continue;
    const parsed = parsePeftName(variant, name);
    if (parsed === null || shape.length !== parsed.factor.axes.length) {
      mistakes.push(`${name}: ${foreign(name)}`);
      continue;
    }
    const { module, factor } = parsed;
    if (HEAD.test(module)) {
      mistakes.push(`${name}: factors of the head are not supported yet`);
      continue;
    }
    if (!modules.has(module) && isTargeted(peft, module) === false) {
      mistakes.push(`${name}: target_modules and exclude_modules of ${file} leave this module out`);
    }
    modules.add(module);
    const rank = rankOf(peft, module);
    const found = shape[factor.axes.indexOf("rank")];
    if (found !== undefined && found !== rank)
      mistakes.push(`${name}: rank ${found}; r and rank_pattern of ${file} say ${rank}`);
  }
  if (modules.size === 0 && mistakes.length === 0) mistakes.push("it has no factors");
  for (const name of [...modules].flatMap((module) => peftNames(variant, module))) {
    if (!tensors.has(name)) mistakes.push(`${name}: missing`);
  }
  if (mistakes.length > 0) {
    throw new LorafitError("data", `${path}: not an adapter that can be read\n${listMistakes(mistakes)}`);
  }
  return [...modules];
}

/** Key of the labels in the file's metadata; PEFT's config has no place for them. */
const LABELS = "lorafit.labels";

/** The classification head that is in the file; its classes are numbered where lorafit did not write it, as in transformers. */
function headOf(
  { task_type: task }: PeftConfig,
  { tensors, metadata }: SafetensorsFile,
): ClassHead | undefined {
  const head = task === "SEQ_CLS" ? tensors.get(HEAD_NAME) : undefined;
  if (head === undefined) return undefined;
  const classes = head.shape[0]!;
  const known = z.array(z.string()).length(classes).safeParse(parsedJson(metadata[LABELS]));
  return { labels: known.success ? known.data : Array.from({ length: classes }, (_, k) => `LABEL_${k}`) };
}

function parsedJson(text = ""): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Modules that compute the logits, by the names that they have in transformers. */
const HEAD = /(?:^|\.)(?:lm_head|embed_out|output_layer)$/;

/** Reason why a tensor is not a factor. */
function foreign(name: string): string {
  if (/\.lora_embedding_[AB]$|\.lora_embedding_[AB]\./.test(name))
    return "factors of an embedding are not supported yet";
  if (/\.lora_(?:A|B)\.[^.]+\.weight$/.test(name)) {
    return "holds the adapter's name; save the adapter with save_pretrained, which leaves it out";
  }
  if (/\.(?:embed_tokens|lm_head|wte|embed_in|embed_out)(?:\.base_layer)?\.weight$/.test(name)) {
    return "a saved embedding or head is not supported yet; where it is the base's, save the adapter again with save_embedding_layers=False, else merge it into its base in Python and name the result as the base";
  }
  if (/\.lora_magnitude_vector/.test(name))
    return "DoRA's magnitudes, which adapter_config.json does not announce";
  if (/^base_model\.model\.(?:classifier|score|lm_head)\b/.test(name))
    return "a saved head other than score.weight of task_type SEQ_CLS is not supported yet";
  if (/\.modules_to_save\./.test(name)) return "a module saved beside the factors is not supported yet";
  return "is not a LoRA factor of a linear layer";
}

/** Writes adapter_config.json (sorted keys, indent 2, as PEFT does) and adapter_model.safetensors. */
export function writePeft(
  folder: string,
  adapter: {
    readonly config: LoraConfig;
    /** PEFT's target_modules, and whether their matrices are stored as [in, out] (targets.ts). */
    readonly targetModules: readonly string[];
    readonly fanInFanOut: boolean;
    readonly baseName: string;
    readonly baseSha256: string;
    readonly tensors: ReadonlyMap<string, FactorTensor & { readonly data: Float32Array }>;
  },
): void {
  const { config } = adapter;
  const json = {
    alpha_pattern: config.alphaPattern,
    auto_mapping: null,
    base_model_name_or_path: adapter.baseName,
    bias: "none",
    fan_in_fan_out: adapter.fanInFanOut,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: config.head === undefined ? null : SAVED_HEADS,
    peft_type: "LORA",
    r: config.rank,
    rank_pattern: config.rankPattern,
    revision: null,
    target_modules: adapter.targetModules,
    task_type: config.head === undefined ? "CAUSAL_LM" : "SEQ_CLS",
    use_rslora: config.rsLora,
    ...VARIANTS[config.variant].peftFlags,
  };
  writeSafetensors(join(folder, PEFT_FILES.weights), adapter.tensors, {
    format: "pt",
    "lorafit.base_sha256": adapter.baseSha256,
    ...(config.head && { [LABELS]: JSON.stringify(config.head.labels) }),
  });
  const sorted = Object.fromEntries(Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileAtomic(join(folder, PEFT_FILES.config), jsonText(sorted));
}
