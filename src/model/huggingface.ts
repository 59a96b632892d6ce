import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { LorafitError } from "../errors.ts";
import { jsonObject, readJson } from "../formats/json.ts";
import {
  FLOATING,
  openSafetensors,
  readBytes,
  readFloat32,
  type SafetensorsEntry,
  type SafetensorsFile,
} from "../formats/safetensors.ts";
import type { TokenizerFiles } from "../tokens/files.ts";
import type { ModelConfig } from "./config.ts";
import { checkSizes, checkWeights } from "./expected.ts";
import { familyOf, parseModelConfig } from "./families/index.ts";
import { checkFinite } from "./finite.ts";
import { float32Cache } from "./float32-cache.ts";
import { baseSha256 } from "./identity.ts";
import { modelWeights } from "./programs.ts";
import type { WeightSource } from "./weights.ts";

/**
 * A Hugging Face folder as a base: config.json, one or several safetensors files, tokenizer files.
 * @throws data error for files that are missing, damaged or not supported
 */
export function openHuggingFace(folder: string, cacheDir: string): WeightSource {
  const where = join(folder, "config.json");
  const json = objectIn(where);
  const files = weightFiles(folder).map((file) => openSafetensors(join(folder, file)));
  const parsed = parseModelConfig(json, where);
  const config = hasOwnHead(parsed, files) ? { ...parsed, tied: false } : parsed;
  checkSizes(
    config,
    files.reduce((sum, { tensors }) => sum + tensors.size, 0),
    where,
  );
  const tensors = storedTensors(config, files, folder);
  checkWeights(config, tensors, folder);
  const paths = files.map(({ path }) => path);
  const sha256 = baseSha256(config, paths, { cacheDir, check: () => files.forEach(checkFinite) });

  const read = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new LorafitError("data", `${folder}: there is no tensor ${name}`);
    const data = readFloat32(tensor.file, tensor.storedName);
    return tensor.transposed ? transpose(data, tensor.shape) : data;
  };
  // Integer tensors, such as BERT's position_ids, are no weights.
  const weights = [...tensors].filter(([, { dtype }]) => FLOATING.includes(dtype));
  const list = () => weights.map(([name, { shape, dtype }]) => ({ name, shape, storage: dtype }));
  const mapped =
    files.length === 1 && weights.every(([, { dtype, transposed }]) => dtype === "F32" && !transposed);
  return {
    config,
    path: folder,
    sha256,
    list,
    read,
    float32File: () =>
      mapped ? { path: resolve(files[0]!.path), tensors } : float32Cache({ sha256, list, read }, cacheDir),
    tokenizerFiles: () => ({ ...readTokenizerFiles(folder), model: config }),
  };
}

/**
 * True if a head is stored beside a config that ties it to the embedding, and differs from it: transformers 5 then uses it
 * and does not tie (modeling_utils.py, tie_weights).
 */
function hasOwnHead(config: ModelConfig, files: readonly SafetensorsFile[]): boolean {
  if (!config.tied) return false;
  const bytesOf = (suffix: string): Uint8Array | undefined => {
    for (const file of files) {
      const name = [...file.tensors.keys()].find((name) => name === suffix || name.endsWith(`.${suffix}`));
      if (name !== undefined) return readBytes(file, name).bytes;
    }
    return undefined;
  };
  const head = bytesOf("lm_head.weight");
  const embedding = head && bytesOf(familyOf(config).embedding);
  return head !== undefined && embedding !== undefined && Buffer.compare(head, embedding) !== 0;
}

/** A tensor of a file; `shape` is the Program's. */
interface StoredTensor extends SafetensorsEntry {
  readonly file: SafetensorsFile;
  readonly storedName: string;
  readonly transposed: boolean;
}

/**
 * The tensors of all files by the Program's names. Files of a model without head lack the family's prefix, which is added as
 * transformers does.
 */
function storedTensors(
  config: ModelConfig,
  files: readonly SafetensorsFile[],
  folder: string,
): Map<string, StoredTensor> {
  const family = familyOf(config);
  const expected = new Set(modelWeights(config).map(({ name }) => name));
  const linears = new Map(family.linears(config).map((linear) => [`${linear.path}.weight`, linear]));
  const tensors = new Map<string, StoredTensor>();
  for (const file of files) {
    for (const [storedName, info] of file.tensors) {
      const prefixed = `${family.prefix}.${storedName}`;
      const name = !expected.has(storedName) && expected.has(prefixed) ? prefixed : storedName;
      if (tensors.has(name)) throw new LorafitError("data", `${folder}: ${name} is in two files`);
      const transposed = linears.get(name)?.transposed ?? false;
      const shape = transposed ? info.shape.toReversed() : info.shape;
      tensors.set(name, { ...info, shape, file, storedName, transposed });
    }
  }
  return tensors;
}

function weightFiles(folder: string): string[] {
  const index = join(folder, "model.safetensors.index.json");
  if (!existsSync(index)) {
    refusePickle(folder);
    return ["model.safetensors"];
  }
  const map = objectIn(index)["weight_map"];
  if (typeof map !== "object" || map === null) throw new LorafitError("data", `${index}: has no weight_map`);
  const names = [...new Set(Object.values(map))].sort();
  const bad = names.find(
    (name) => typeof name !== "string" || basename(name) !== name || !name.endsWith(".safetensors"),
  );
  if (bad !== undefined)
    throw new LorafitError(
      "data",
      `${index}: ${JSON.stringify(bad)} is not the name of a safetensors file within the folder`,
    );
  return names as string[];
}

/** @throws data error for a folder whose weights are a pickle */
function refusePickle(folder: string): void {
  const pickle = ["pytorch_model.bin", "pytorch_model.bin.index.json"].find((name) =>
    existsSync(join(folder, name)),
  );
  if (pickle === undefined || existsSync(join(folder, "model.safetensors"))) return;
  throw new LorafitError(
    "data",
    `${join(folder, pickle)}: the weights are a pickle, which can run code and is not read`,
    {
      hint: "save the model again as safetensors: AutoModelForCausalLM.from_pretrained(...).save_pretrained(DIR)",
    },
  );
}

function readTokenizerFiles(folder: string): TokenizerFiles {
  const object = (name: string): Record<string, unknown> | undefined =>
    existsSync(join(folder, name)) ? objectIn(join(folder, name)) : undefined;
  const template = join(folder, "chat_template.jinja");
  return {
    tokenizerJson: objectIn(join(folder, "tokenizer.json")),
    tokenizerConfig: object("tokenizer_config.json") ?? {},
    generationConfig: object("generation_config.json"),
    chatTemplate: existsSync(template) ? readFileSync(template, "utf8") : undefined,
  };
}

const objectIn = (path: string): Record<string, unknown> =>
  readJson(path, {
    schema: jsonObject,
    hint: "name a folder with config.json, model.safetensors and tokenizer.json",
  });

/** A matrix stored as [columns, rows] in the layout [rows, columns]; `shape` is the result's. */
export function transpose(stored: Float32Array, shape: readonly number[]): Float32Array {
  const [rows, columns] = shape as readonly [number, number];
  const out = new Float32Array(stored.length);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) out[row * columns + column] = stored[column * rows + row]!;
  }
  return out;
}
