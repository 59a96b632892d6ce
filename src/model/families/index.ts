import { LorafitError } from "../../errors.ts";
import type { ModelConfig } from "../config.ts";
import { ConfigReader } from "../config-reader.ts";
import type { Family, GgufFamily } from "../family.ts";
import { bert } from "./bert.ts";
import { gemma3 } from "./gemma3.ts";
import { gpt2 } from "./gpt2.ts";
import { granite } from "./granite.ts";
import { lfm2 } from "./lfm2.ts";
import { llama } from "./llama.ts";
import { mistral } from "./mistral.ts";
import { modernbert } from "./modernbert.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";
import { smollm3 } from "./smollm3.ts";

/** Every family that lorafit knows. */
export const FAMILIES: readonly Family[] = [
  llama,
  qwen2,
  qwen3,
  mistral,
  gemma3,
  granite,
  smollm3,
  gpt2,
  lfm2,
  bert,
  modernbert,
];

export function familyOf({ family: name }: Pick<ModelConfig, "family">): Family {
  const family = FAMILIES.find(({ modelType }) => modelType === name);
  if (family === undefined) throw new Error(`no family ${name}`);
  return family;
}

/** @throws data error that names every field that is missing, wrong or not supported */
export function parseModelConfig(json: unknown, where: string): ModelConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new LorafitError("data", `${where}: is not a JSON object`);
  }
  const raw = json as Record<string, unknown>;
  const family = FAMILIES.find(({ modelType }) => modelType === raw["model_type"]);
  if (family === undefined) {
    refuseParts(raw, where);
    const known = FAMILIES.map(({ modelType, examples }) => `${modelType} (${examples})`);
    throw new LorafitError(
      "data",
      `${where}: model_type ${JSON.stringify(raw["model_type"])} is not supported`,
      { hint: `supported: ${known.join(", ")}` },
    );
  }
  const reader = new ConfigReader(raw, where);
  const config = family.parseConfig(reader);
  reader.finish();
  return config;
}

/** @throws data error if the config is one of several models and the text model among them is known */
function refuseParts(raw: Readonly<Record<string, unknown>>, where: string): void {
  const text = (raw["text_config"] as Record<string, unknown> | null | undefined)?.["model_type"];
  if (!FAMILIES.some(({ modelType }) => modelType === text)) return;
  throw new LorafitError(
    "data",
    `${where}: model_type ${JSON.stringify(raw["model_type"])} is a model of several parts; of them only the text model ${JSON.stringify(text)} is supported`,
    { hint: `name a model whose own model_type is ${String(text)}` },
  );
}

/** config.json as transformers and transformers.js read it; `parseModelConfig` gives the same model back. */
export function configJson(config: ModelConfig): Record<string, unknown> {
  const family = familyOf(config);
  return {
    architectures: [family.architecture],
    model_type: family.modelType,
    ...family.configJson(config),
    bos_token_id: config.bosId,
    eos_token_id: config.eosIds.length === 1 ? config.eosIds[0] : config.eosIds,
    pad_token_id: config.padId,
  };
}

/** The family of a GGUF file by its general.architecture. @throws data error that names the known ones */
export function ggufFamily(architecture: unknown, where: string): GgufFamily {
  const known = FAMILIES.filter(({ gguf }) => gguf !== null);
  const gguf = known.find((family) => family.gguf!.architecture === architecture)?.gguf;
  if (gguf) return gguf;
  throw new LorafitError(
    "data",
    `${where}: general.architecture ${JSON.stringify(architecture)} is not supported`,
    {
      hint: `supported: ${known.map(({ gguf, examples }) => `${gguf!.architecture} (${examples})`).join(", ")}`,
    },
  );
}
