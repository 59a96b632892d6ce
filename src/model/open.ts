import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { LorafitError } from "../errors.ts";
import { SPLIT_NAME } from "../formats/gguf.ts";
import { openGguf } from "./gguf.ts";
import { openHuggingFace } from "./huggingface.ts";
import type { WeightSource } from "./weights.ts";

/**
 * Opens a base: a Hugging Face folder, a GGUF file, or a folder with one GGUF file or the parts of one. `cacheDir` receives the float32 copy and
 * the hashes of large files.
 * @throws data error that lists all mistakes: unknown format, unsupported architecture, damaged or incomplete files
 */
export function openModel(path: string, options: { readonly cacheDir: string }): WeightSource {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new LorafitError("data", `${path}: no such model`, { hint: "see `lorafit models`" });
  if (stat.isFile()) return openGguf(path, options.cacheDir);
  const files = readdirSync(path);
  const ggufs = files.filter((name) => name.endsWith(".gguf"));
  if (files.includes("config.json") || ggufs.length === 0) return openHuggingFace(path, options.cacheDir);
  const splits = new Set(ggufs.map((name) => SPLIT_NAME.exec(name)?.[1] ?? name));
  if (splits.size > 1 || (ggufs.length > 1 && splits.has(ggufs[0]!))) {
    throw new LorafitError("data", `${path}: holds ${ggufs.length} GGUF files: ${ggufs.join(", ")}`, {
      hint: "name one of them",
    });
  }
  return openGguf(join(path, ggufs.sort()[0]!), options.cacheDir);
}
