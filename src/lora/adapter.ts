import { join } from "node:path";
import { LorafitError, warn } from "../errors.ts";
import { sha256File } from "../formats/files.ts";
import type { ModelConfig } from "../model/config.ts";
import { familyOf } from "../model/families/index.ts";
import { flattenFactors } from "./flat.ts";
import { type LoraLayout, loraLayout } from "./layout.ts";
import { isEnding } from "./pattern.ts";
import { PEFT_FILES, type PeftAdapter, readPeft } from "./peft.ts";
import { isTargeted } from "./peft-config.ts";

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

/**
 * A PEFT adapter on a model whose hash is not compared. Names may lack the family's prefix. Factors of a layer that the forward pass
 * leaves out, such as BERT's pooler, are left out too. Warns of targets without factors.
 * @throws mismatch that lists every factor that does not fit
 */
export function adapterOn(model: ModelConfig, adapter: PeftAdapter, where: string): Adapter {
  const family = familyOf(model);
  const paths = new Set(family.linears(model).map(({ path }) => path));
  const named = adapter.config.targets as readonly string[];
  const prefixed = named.map((module) => `${family.prefix}.${module}`);
  const bare = !named.some((module) => paths.has(module)) && prefixed.some((module) => paths.has(module));
  const targets = (bare ? prefixed : named).filter((module) => paths.has(module));
  if (targets.length === 0) {
    throw new LorafitError("mismatch", `${where}: the adapter adapts no layer of this base`, {
      hint: `its factors are of ${named[0]}, and so on; use the base that it was trained on`,
    });
  }
  const unread = named.filter((module) => family.ignores(`${module}.weight`));
  const tensors = [...adapter.tensors].filter(
    ([name]) => !unread.some((module) => name.includes(`.${module}.lora_`)),
  );
  const layout = loraLayout(model, { ...adapter.config, targets, bare });
  const flat = flattenFactors(layout, new Map(tensors), where);
  const own = [...paths].map((path) => (bare ? path.slice(family.prefix.length + 1) : path));
  warnOfGaps(adapter, where, own);
  return { layout, flat };
}

/**
 * Warns of modules that the config targets and that have no factors, as PEFT does: "Found missing adapter keys while loading the
 * checkpoint". Without a base, the modules of the file in each of its layers are expected.
 */
export function warnOfGaps(
  { config, peft }: PeftAdapter,
  where: string,
  linears: readonly string[] = inEachLayer(config.targets as readonly string[]),
): void {
  const adapted = config.targets as readonly string[];
  const { target_modules: targets } = peft;
  const gaps = linears.filter((path) => !adapted.includes(path) && isTargeted(peft, path) === true);
  const known = [...adapted, ...linears];
  const strangers = Array.isArray(targets)
    ? targets.filter((name) => !known.some((path) => isEnding(name, path)))
    : [];
  const names = [...gaps, ...strangers];
  if (names.length === 0) return;
  const shown =
    names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  warn(
    `${where}: target_modules names modules without factors in the file, which stay as in the base: ${shown}`,
  );
}

const LAYER = /\.(\d+)\./;

function inEachLayer(modules: readonly string[]): string[] {
  const layers = new Set(modules.flatMap((module) => LAYER.exec(module)?.[1] ?? []));
  return [
    ...new Set(modules.flatMap((module) => [...layers].map((layer) => module.replace(LAYER, `.${layer}.`)))),
  ];
}

/** SHA-256 of a PEFT folder's factors. */
export const adapterSha256 = (folder: string): string => sha256File(join(folder, PEFT_FILES.weights));

/** SHA-256 of a PEFT folder's configuration, which scales the factors. */
export const adapterConfigSha256 = (folder: string): string => sha256File(join(folder, PEFT_FILES.config));
