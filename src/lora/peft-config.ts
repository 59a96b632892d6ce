import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import { readJson } from "../formats/json.ts";
import { firstMatch, fullMatch, isEnding, isInvalid, matchStart } from "./pattern.ts";
import { VARIANTS, type VariantName } from "./variants/index.ts";

/** Keys that do not change what an adapter computes. PEFT itself sets fan_in_fan_out by the module's class. */
const HARMLESS = new Set(
  `peft_version base_model_name_or_path revision auto_mapping inference_mode lora_dropout
  megatron_config megatron_core loftq_config eva_config corda_config lora_ga_config runtime_config ensure_weight_tying
  qalora_group_size fan_in_fan_out`.split(/\s+/),
);

const names = z.union([z.string().min(1), z.array(z.string().min(1))]);
/** Limit of a rank: a larger one has no tensor that could hold it. */
const MAX_RANK = 1 << 16;
const rank = z.int().min(1).max(MAX_RANK);
const schema = z.looseObject({
  peft_type: z.literal("LORA", {
    error: ({ input }) => `${JSON.stringify(input)} is not supported; supported: LORA`,
  }),
  r: rank.default(8),
  lora_alpha: z.number().positive().default(8),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: names.refine((value) => value.length > 0, { error: "is empty" }),
  exclude_modules: names.nullish(),
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  layers_pattern: names.or(z.literal("")).nullish(),
  use_rslora: z.boolean().default(false),
  rank_pattern: z.record(z.string(), rank).default({}),
  alpha_pattern: z.record(z.string(), z.number().positive()).default({}),
  base_model_name_or_path: z.string().nullish(),
  init_lora_weights: z.unknown().optional(),
  task_type: z.string().nullish(),
  modules_to_save: z.array(z.string()).nullish(),
});
export type PeftConfig = z.output<typeof schema> & { readonly variant: VariantName };
const READ = new Set(Object.keys(schema.shape));

/** Advice for known features that are not supported. */
const ADVICE: Readonly<Record<string, string>> = {
  modules_to_save:
    "it trains whole modules beside the factors; merge the adapter into its base in Python and name the result as the base",
  trainable_token_indices:
    "it trains rows of the embedding; merge the adapter into its base in Python and name the result as the base",
  target_parameters: "it adapts parameters that are no linear layers",
  bias: "it trains biases; merge the adapter into its base in Python and name the result as the base",
  lora_bias:
    "its factors have biases; merge the adapter into its base in Python and name the result as the base",
  layer_replication:
    "it builds a model with repeated layers; merge it in Python and name the result as the base",
  use_dora: "merge the adapter into its base in Python and name the result as the base",
};
/** Initialisations that leave the base as it was. The others, such as pissa and olora, train against a changed base. */
const PLAIN_INITS: readonly unknown[] = [undefined, null, true, false, "gaussian", "eva", "orthogonal"];

/**
 * An adapter_config.json with every key understood.
 * @throws data error that lists the keys that are wrong, or change what the adapter computes and are not supported
 */
export function readPeftConfig(file: string): PeftConfig {
  const json = readJson<Record<string, unknown>>(file, {
    schema: z.record(z.string(), z.unknown()),
    hint: "name a folder in PEFT's format",
  });
  if ("fine_tune_type" in json && !("peft_type" in json)) {
    throw new LorafitError("data", `${file}: is an adapter of mlx-lm, which is not read yet`, {
      hint: "convert it to PEFT's format, or fuse it into its base with mlx_lm.fuse and name the result as the base",
    });
  }
  const parsed = schema.safeParse(json);
  const mistakes = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  const variant = variantOf(json);
  const flags = new Set(variant === undefined ? [] : Object.keys(VARIANTS[variant].peftFlags));
  for (const [key, value] of Object.entries(json)) {
    if (flags.has(key) || READ.has(key) || HARMLESS.has(key) || isOff(value)) continue;
    const advice = ADVICE[key] ?? "it may change what the adapter computes";
    mistakes.push(`${key}: ${JSON.stringify(value)} is not supported yet: ${advice}`);
  }
  for (const key of ["target_modules", "exclude_modules"]) {
    const value = json[key];
    if (typeof value === "string" && isInvalid(value)) {
      mistakes.push(`${key}: ${JSON.stringify(value)} is no regular expression`);
    }
  }
  if (parsed.success && savesOther(parsed.data))
    mistakes.push(
      `modules_to_save: ${JSON.stringify(json["modules_to_save"])} is not supported yet: ${ADVICE["modules_to_save"]}`,
    );
  const init = json["init_lora_weights"];
  if (!PLAIN_INITS.includes(init)) {
    mistakes.push(
      `init_lora_weights: ${JSON.stringify(init)} trains against a changed base, on which alone the factors fit; save the adapter again with path_initial_model_for_weight_conversion`,
    );
  }
  if (!parsed.success || variant === undefined || mistakes.length > 0) {
    throw new LorafitError("data", `${file}: not a LoRA that can be read\n${listMistakes(mistakes)}`);
  }
  return { ...parsed.data, variant };
}

/** Modules that PEFT saves with every adapter of task_type SEQ_CLS, whichever of them the model has. */
export const SAVED_HEADS: readonly string[] = ["classifier", "score"];

/** True for saved modules other than the head of a classifier. */
const savesOther = ({
  task_type: task,
  modules_to_save: saved,
}: Pick<z.output<typeof schema>, "task_type" | "modules_to_save">): boolean =>
  (saved ?? []).some((name) => task !== "SEQ_CLS" || !SAVED_HEADS.includes(name));

/** The variant whose flags the config has; undefined where none does. */
const variantOf = (json: Readonly<Record<string, unknown>>): VariantName | undefined =>
  (Object.keys(VARIANTS) as VariantName[]).find((name) =>
    Object.entries(VARIANTS[name].peftFlags).every(([flag, value]) => (json[flag] ?? false) === value),
  );

/** True for a value that switches a feature off. */
const isOff = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === "none" ||
  value === "" ||
  (typeof value === "object" && Object.keys(value as object).length === 0);

/**
 * True if PEFT adapts this module (peft/tuners/tuners_utils.py, check_target_module_exists): an expression matches the whole
 * path, a name of a list is the path or its ending. Undefined where an expression is not supported.
 */
export function isTargeted(config: PeftConfig, module: string): boolean | undefined {
  const { target_modules: targets, exclude_modules: excluded } = config;
  if (excluded != null && excluded.length > 0) {
    const out = namesModule(excluded, module);
    if (out !== false) return out === undefined ? undefined : false;
  }
  if (targets === "all-linear") return true;
  if (typeof targets === "string") return fullMatch(targets, module);
  if (targets.includes(module)) return true;
  return targets.some((name) => isEnding(name, module)) && isTransformed(config, module);
}

const namesModule = (names: string | readonly string[], module: string): boolean | undefined =>
  typeof names === "string" ? fullMatch(names, module) : names.some((name) => isEnding(name, module));

/** True if layers_to_transform names the module's layer, or nothing. */
function isTransformed(
  { layers_to_transform: layers, layers_pattern: patterns }: PeftConfig,
  module: string,
): boolean {
  if (layers == null || (Array.isArray(layers) && layers.length === 0)) return true;
  const given = [patterns ?? []].flat().filter((pattern) => pattern !== "");
  const expressions =
    given.length === 0
      ? [".*?\\.[^.]*\\.(?P<idx>\\d+)\\."]
      : given.map((pattern) => `(?:^|.*?\\.)${pattern}\\.(?P<idx>\\d+)\\.`);
  for (const expression of expressions) {
    const index = matchStart(expression, module)?.group("idx");
    if (index != null) return [layers].flat().includes(Number(index));
  }
  return false;
}

/** Rank and alpha of a module: the first pattern that matches it, else r and lora_alpha. */
export const rankOf = ({ rank_pattern, r }: PeftConfig, module: string): number =>
  firstMatch(rank_pattern, module) ?? r;
