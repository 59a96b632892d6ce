import { readFileSync } from "node:fs";
import { loadTokenizer, type Tokenizer } from "../../src/tokens/tokenizer.ts";

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../models/lorafit-base-5m/${name}`, import.meta.url), "utf8"));

export function bundledFiles() {
  return {
    tokenizerJson: read("tokenizer.json"),
    tokenizerConfig: read("tokenizer_config.json"),
    generationConfig: read("generation_config.json"),
  };
}

export function bundledTokenizer(): Promise<Tokenizer> {
  return loadTokenizer(bundledFiles());
}
