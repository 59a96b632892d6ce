import { LorafitError } from "../errors.ts";
import { openGgufFile, readGgufTensor } from "../formats/gguf.ts";
import { checkSizes, checkWeights } from "./expected.ts";
import { ggufFamily } from "./families/index.ts";
import { refuseNonFinite } from "./finite.ts";
import { float32Cache } from "./float32-cache.ts";
import { ggufTokenizer } from "./gguf-tokenizer.ts";
import { baseSha256 } from "./identity.ts";
import type { WeightSource } from "./weights.ts";

/**
 * A GGUF file as a base: trained against its dequantised weights.
 * @throws data error for a damaged file and for anything that is not supported
 */
export function openGguf(path: string, cacheDir: string): WeightSource {
  const file = openGgufFile(path);
  const family = ggufFamily(file.metadata.get("general.architecture"), path);
  const config = family.parseConfig(file);
  checkSizes(config, file.tensors.size, path);
  const names = new Map<string, string>();
  for (const own of file.tensors.keys()) {
    const name = family.tensorName(own);
    if (name !== null) names.set(name, own);
  }
  const tensors = new Map([...names].map(([name, own]) => [name, file.tensors.get(own)!]));
  checkWeights(config, tensors, path);
  const list = () => [...tensors].map(([name, { shape, type }]) => ({ name, shape, storage: type.name }));
  const read = (name: string): Float32Array => {
    const own = names.get(name);
    if (own === undefined) throw new LorafitError("data", `${path}: there is no tensor ${name}`);
    return family.restore(name, readGgufTensor(file, own), config);
  };
  const check = (): void => {
    for (const name of tensors.keys()) refuseNonFinite(path, name, read(name));
  };
  const sha256 = baseSha256(config, file.parts, { cacheDir, check });
  return {
    config,
    path,
    sha256,
    list,
    read,
    float32File: () => float32Cache({ sha256, list, read }, cacheDir),
    tokenizerFiles: () => ({ ...ggufTokenizer(file), model: config }),
  };
}
