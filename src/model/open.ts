import { statSync } from "node:fs";
import { LorafitError } from "../errors.ts";
import { openHuggingFace } from "./huggingface.ts";
import type { WeightSource } from "./weights.ts";

/**
 * Opens a Hugging Face folder as a base. `cacheDir` takes the float32 copy.
 * Errors (data): unknown format, unsupported architecture, damaged or incomplete files, all mistakes at once.
 */
export function openModel(path: string, options: { readonly cacheDir: string }): WeightSource {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new LorafitError("data", `${path}: there is no such model`, { hint: "see `lorafit models`" });
  return openHuggingFace(path, options.cacheDir);
}
