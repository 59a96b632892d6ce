import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { sha256 } from "../formats/hash.ts";
import { openModel } from "../model/open.ts";
import { refuseEncoder } from "../model/programs.ts";
import { exportHotSwapBase } from "./export.ts";
import { type ExportedModel, isExported, type OpenOptions, openExported } from "./session.ts";

/** Part of the cache key: raised with every change of what is written for a base. */
const GRAPH_VERSION = 2;

/**
 * Opens a model for generation: an exported folder directly, or a base (folder or GGUF file) through its hot-swap graph, which
 * is written once to `cacheDir` and takes any adapter.
 * @throws as openModel, exportModel and openExported do
 */
export async function openForGeneration(
  model: string,
  options: OpenOptions & {
    readonly cacheDir: string;
    readonly engine: Engine;
    readonly signal?: AbortSignal;
  },
): Promise<ExportedModel> {
  if (isExported(model)) return openExported(model, options);
  const base = openModel(model, { cacheDir: options.cacheDir });
  refuseEncoder(base.config, model);
  // Bases with the same weights can differ in tokenizer, template or end tokens, which are part of the exported folder.
  const tokens = sha256(JSON.stringify(base.tokenizerFiles())).slice(0, 16);
  const folder = join(options.cacheDir, "hot-swap", `${base.sha256}-${tokens}-${GRAPH_VERSION}`);
  if (!existsSync(folder)) await exportHotSwapBase({ ...options, base, out: folder });
  return openExported(folder, options);
}
