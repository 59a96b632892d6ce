import { join } from "node:path";
import { LorafitError } from "../errors.ts";
import { sha256File } from "../formats/files.ts";
import type { LoraLayout } from "../lora/layout.ts";
import { readPeft } from "../lora/peft.ts";
import type { ModelConfig } from "../model/config.ts";
import { adapterOn } from "../train/debug.ts";

/** An adapter in memory: where its factors lie, and their numbers [P]. */
export interface Adapter {
  readonly layout: LoraLayout;
  readonly flat: Float32Array;
}

/** The base that an adapter is to stand on; `sha256` is null where nobody knows it. */
export interface AdaptedBase {
  readonly config: ModelConfig;
  readonly sha256: string | null;
}

/**
 * Reads a PEFT folder for this base.
 * @throws data error for a damaged adapter; mismatch when it was trained on another base or does not fit
 */
export function readAdapter(folder: string, base: AdaptedBase): Adapter {
  const peft = readPeft(folder);
  if (peft.baseSha256 !== null && base.sha256 !== null && peft.baseSha256 !== base.sha256) {
    throw new LorafitError(
      "mismatch",
      `${folder}: the adapter was trained on another base (${peft.baseName ?? "unnamed"})`,
      {
        hint: `that base has SHA-256 ${peft.baseSha256.slice(0, 12)}…, this one ${base.sha256.slice(0, 12)}…`,
      },
    );
  }
  return adapterOn(base.config, peft, folder);
}

/** Hash of a PEFT folder's factors. */
export const adapterSha256 = (folder: string): string =>
  sha256File(join(folder, "adapter_model.safetensors"));
