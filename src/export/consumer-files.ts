import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { writeFileAtomic } from "../formats/files.ts";
import { jsonText, readJson } from "../formats/json.ts";
import type { ModelConfig } from "../model/config.ts";
import { configJson, familyOf } from "../model/families/index.ts";
import { type TokenizerFiles, templateText, withStringMerges } from "../tokens/files.ts";
import { loadTokenizer } from "../tokens/tokenizer.ts";
import { REPORT_FILE } from "./folder.ts";

/**
 * Writes the files that transformers and transformers.js 2 to 4 read beside the weights: config.json, tokenizer.json with merges as strings,
 * tokenizer_config.json with the chat template as a string (transformers.js ignores chat_template.jinja), and
 * generation_config.json with every token that ends a turn and with the greedy decoding that was judged.
 * @param keys further keys of config.json
 * @param labels classes of a classifier, in the order of its logits
 */
export async function writeConsumerFiles(
  folder: string,
  config: ModelConfig,
  files: TokenizerFiles,
  keys: Readonly<Record<string, unknown>>,
  labels?: readonly string[],
): Promise<void> {
  const { eosIds, padId } = await loadTokenizer(files);
  const template = templateText(files);
  const write = (name: string, content: unknown) => writeFileAtomic(join(folder, name), jsonText(content));
  const ids = { bos_token_id: config.bosId, eos_token_id: eosIds, pad_token_id: padId };
  write("config.json", {
    ...configJson(config),
    ...(labels && classesJson(config, labels, padId)),
    ...keys,
  });
  write("generation_config.json", { ...ids, do_sample: false });
  write("tokenizer.json", withStringMerges(files.tokenizerJson));
  write("tokenizer_config.json", {
    ...files.tokenizerConfig,
    ...(template === undefined ? {} : { chat_template: template }),
  });
}

/** Keys of config.json beside an ONNX graph. `external`: true if the weights are in a separate file. */
export const graphKeys = (external: boolean): Readonly<Record<string, unknown>> => ({
  torch_dtype: "float32",
  "transformers.js_config": { dtype: "fp32", ...(external ? { use_external_data_format: true } : {}) },
});

/** Keys that make a config.json that of a classifier. */
function classesJson(config: ModelConfig, labels: readonly string[], padId: number): Record<string, unknown> {
  return {
    architectures: [
      familyOf(config).architecture.replace(/For\w+$|LMHeadModel$/, "ForSequenceClassification"),
    ],
    pad_token_id: padId,
    problem_type: "single_label_classification",
    id2label: Object.fromEntries(labels.map((label, k) => [k, label])),
    label2id: Object.fromEntries(labels.map((label, k) => [label, k])),
  };
}

const idsToLabels = z.object({ id2label: z.record(z.string(), z.string()) });

/** Classes of an exported classifier in the order of its logits; undefined for another model's config.json. */
export function labelsIn(config: unknown): string[] | undefined {
  const { architectures } = config as { architectures?: unknown };
  const parsed = idsToLabels.safeParse(config);
  if (!String(architectures).endsWith("ForSequenceClassification") || !parsed.success) return undefined;
  const { id2label } = parsed.data;
  return Object.keys(id2label).map((_, k) => id2label[k] ?? `LABEL_${k}`);
}

const HINT = "name a folder that `lorafit export --format onnx` wrote";

/** @throws data error that names the file */
export function readConsumerFiles(folder: string): {
  config: unknown;
  tokenizer: TokenizerFiles;
  /** Hash of the exported base; null for a folder that lorafit did not write. */
  baseSha256: string | null;
} {
  const object = (name: string) => readJson<Record<string, unknown>>(join(folder, name), { hint: HINT });
  const report = join(folder, REPORT_FILE);
  return {
    config: object("config.json"),
    tokenizer: {
      tokenizerJson: object("tokenizer.json"),
      tokenizerConfig: object("tokenizer_config.json"),
      generationConfig: object("generation_config.json"),
    },
    baseSha256: existsSync(report)
      ? readJson<{ base_sha256: string }>(report, { hint: HINT }).base_sha256
      : null,
  };
}
