import { join } from "node:path";
import { LorafitError } from "../errors.ts";
import { sha256File } from "../formats/files.ts";
import type { ModelConfig } from "../model/config.ts";
import { familyOf } from "../model/families/index.ts";
import { flattenFactors } from "./flat.ts";
import { type LoraLayout, loraLayout } from "./layout.ts";
import { PEFT_FILES, type PeftAdapter, readPeft } from "./peft.ts";

/** An adapter in memory: the layout of its factors, and their values [P]. */
export interface Adapter {
  readonly layout: LoraLayout;
  readonly flat: Float32Array;
}

/** The base of an adapter; `sha256` is null where it is not known. */
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

/** A PEFT adapter on a model whose hash is not compared. @throws mismatch that lists every factor that does not fit */
export function adapterOn(model: ModelConfig, adapter: PeftAdapter, where: string): Adapter {
  const paths = new Set(
    familyOf(model)
      .linears(model)
      .map(({ path }) => path),
  );
  const targets = (adapter.config.targets as readonly string[]).filter((module) => paths.has(module));
  if (targets.length === 0) {
    throw new LorafitError("mismatch", `${where}: the adapter adapts no layer of this base`, {
      hint: `its factors are of ${adapter.config.targets[0]}, and so on; use the base that it was trained on`,
    });
  }
  const layout = loraLayout(model, { ...adapter.config, targets });
  return { layout, flat: flattenFactors(layout, adapter.tensors, where) };
}

/** SHA-256 of a PEFT folder's factors. */
export const adapterSha256 = (folder: string): string => sha256File(join(folder, PEFT_FILES.weights));

/** SHA-256 of a PEFT folder's configuration, which scales the factors. */
export const adapterConfigSha256 = (folder: string): string => sha256File(join(folder, PEFT_FILES.config));
