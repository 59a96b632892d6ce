import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { jsonText, readJson } from "../formats/json.ts";
import { openSafetensors, readFloat32, writeSafetensors } from "../formats/safetensors.ts";
import type { LoraConfig } from "./config.ts";
import type { FactorTensor } from "./flat.ts";
import { parsePeftName } from "./layout.ts";
import { firstMatch } from "./pattern.ts";
import { VARIANTS, type VariantName } from "./variants/index.ts";

/** Names of the files in a PEFT folder. */
export const PEFT_FILES = { config: "adapter_config.json", weights: "adapter_model.safetensors" } as const;

/** An adapter as PEFT stores it: huggingface/peft, src/peft/tuners/lora/config.py and utils/save_and_load.py. */
export interface PeftAdapter {
  readonly config: LoraConfig;
  readonly baseName: string | null;
  /** Hash of the base that it was trained on; null if lorafit did not write the adapter. */
  readonly baseSha256: string | null;
  /** By PEFT's names; A [r, in], B [out, r]. */
  readonly tensors: ReadonlyMap<string, FactorTensor>;
}

/** Keys that do not change what an adapter computes. PEFT itself sets fan_in_fan_out by the module's class. */
const HARMLESS = new Set(
  `peft_version base_model_name_or_path revision auto_mapping inference_mode task_type lora_dropout
  megatron_config megatron_core loftq_config eva_config corda_config lora_ga_config runtime_config ensure_weight_tying
  qalora_group_size layers_pattern fan_in_fan_out`.split(/\s+/),
);

const configSchema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().min(1).default(8),
  lora_alpha: z.number().positive().default(8),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  use_rslora: z.boolean().default(false),
  rank_pattern: z.record(z.string(), z.int().min(1)).default({}),
  alpha_pattern: z.record(z.string(), z.number().positive()).default({}),
  bias: z.literal("none").default("none"),
  base_model_name_or_path: z.string().nullish(),
  /** Other values, such as pissa and olora, change the base's weights, so that the factors do not fit the original base. */
  init_lora_weights: z.union([z.boolean(), z.enum(["gaussian", "eva", "orthogonal"])]).nullish(),
});
const READ = new Set(Object.keys(configSchema.shape));

/** @throws data error that lists everything that is missing, damaged or not supported */
export function readPeft(folder: string): PeftAdapter {
  const file = join(folder, PEFT_FILES.config);
  if (!existsSync(file)) {
    throw new LorafitError("data", `${file}: no such file`, {
      hint: "name a folder in PEFT's format",
    });
  }
  const json = readJson(file, { hint: "name a folder in PEFT's format" });
  const parsed = configSchema.safeParse(json);
  const mistakes = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  const variant = parsed.success ? variantOf(parsed.data) : undefined;
  const flags = new Set(variant === undefined ? [] : Object.keys(VARIANTS[variant].peftFlags));
  for (const [key, value] of Object.entries(parsed.data ?? {})) {
    if (flags.has(key) || READ.has(key) || HARMLESS.has(key) || isOff(value)) continue;
    mistakes.push(`${key}: ${JSON.stringify(value)} changes what the adapter computes and is not supported`);
  }
  if (!parsed.success || variant === undefined || mistakes.length > 0)
    throw new LorafitError("data", `${file}: not a LoRA that can be read\n${listMistakes(mistakes)}`);
  const { data } = parsed;
  const weights = openSafetensors(join(folder, PEFT_FILES.weights));
  const targets =
    data.target_modules === "all-linear" ? ("all-linear" as const) : [data.target_modules].flat();
  const config: LoraConfig = {
    variant,
    rank: data.r,
    alpha: data.lora_alpha,
    dropout: data.lora_dropout,
    rsLora: data.use_rslora,
    targets,
    rankPattern: data.rank_pattern,
    alphaPattern: data.alpha_pattern,
  };
  const tensors = new Map<string, FactorTensor>();
  for (const [name, { shape }] of weights.tensors)
    tensors.set(name, { shape, data: readFloat32(weights, name) });
  checkRanks(config, tensors, weights.path);
  return {
    config,
    baseName: data.base_model_name_or_path ?? null,
    baseSha256: weights.metadata["lorafit.base_sha256"] ?? null,
    tensors,
  };
}

/** The variant whose flags the config has; undefined where none does. */
const variantOf = (json: Readonly<Record<string, unknown>>): VariantName | undefined =>
  (Object.keys(VARIANTS) as VariantName[]).find((name) =>
    Object.entries(VARIANTS[name].peftFlags).every(([flag, value]) => (json[flag] ?? false) === value),
  );

/** True for a value that switches a feature off. */
const isOff = (value: unknown): boolean =>
  value === null ||
  value === false ||
  (typeof value === "object" && Object.keys(value as object).length === 0);

/** @throws data error unless the ranks in the file are those of r and rank_pattern */
function checkRanks(config: LoraConfig, tensors: ReadonlyMap<string, FactorTensor>, where: string): void {
  const mistakes: string[] = [];
  for (const [name, { shape }] of tensors) {
    const parsed = parsePeftName(VARIANTS[config.variant], name);
    if (parsed === null || shape.length !== parsed.factor.axes.length) {
      mistakes.push(`${name}: is not a LoRA factor of a linear layer`);
      continue;
    }
    const rank = firstMatch(config.rankPattern, parsed.module) ?? config.rank;
    const found = shape[parsed.factor.axes.indexOf("rank")];
    if (found !== undefined && found !== rank)
      mistakes.push(`${name}: rank ${found}, adapter_config.json says ${rank}`);
  }
  if (mistakes.length > 0)
    throw new LorafitError("data", `${where}: damaged adapter\n${listMistakes(mistakes)}`);
}

/** Writes adapter_config.json (sorted keys, indent 2, as PEFT does) and adapter_model.safetensors. */
export function writePeft(
  folder: string,
  adapter: {
    readonly config: LoraConfig;
    /** PEFT's target_modules (targets.ts). */
    readonly targetModules: readonly string[];
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
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: null,
    peft_type: "LORA",
    r: config.rank,
    rank_pattern: config.rankPattern,
    revision: null,
    target_modules: adapter.targetModules,
    task_type: "CAUSAL_LM",
    use_rslora: config.rsLora,
    ...VARIANTS[config.variant].peftFlags,
  };
  writeSafetensors(join(folder, PEFT_FILES.weights), adapter.tensors, {
    format: "pt",
    "lorafit.base_sha256": adapter.baseSha256,
  });
  const sorted = Object.fromEntries(Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileAtomic(join(folder, PEFT_FILES.config), jsonText(sorted));
}
