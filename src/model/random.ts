import { createRng } from "../rng.ts";
import { familyOf, parseModelConfig } from "./families/index.ts";
import { float32Cache } from "./float32-cache.ts";
import { modelWeights } from "./programs.ts";
import type { WeightSource } from "./weights.ts";

/** transformers' default of initializer_range. */
const DEVIATION = 0.02;
/** Length of the table of normal values; a prime, so that no two rows of a matrix are equal. */
const DRAWN = 1_000_003;

/** The parts of a weight source that an engine needs. */
export type RandomModel = Pick<WeightSource, "config" | "list" | "read" | "float32File">;

/**
 * A model of a config alone, with weights as transformers initialises them: matrices normal with the config's
 * initializer_range, others as the family says. Each tensor is a slice of one seeded table that starts at its own offset and wraps
 * around, so that a billion parameters take seconds. `where` names the config in errors; `cacheDir` receives the float32 file of
 * an engine that maps one.
 */
export function randomModel(
  json: Readonly<Record<string, unknown>>,
  { where, seed, cacheDir }: { readonly where: string; readonly seed: number; readonly cacheDir: string },
): RandomModel {
  const config = parseModelConfig(json, where);
  const deviation = (json["initializer_range"] as number | undefined) ?? DEVIATION;
  const family = familyOf(config);
  const list = modelWeights(config).map((weight) => ({ ...weight, storage: "F32" }));
  let table: Float32Array | undefined;
  const read = (wanted: string): Float32Array => {
    const tensor = list.find(({ name }) => name === wanted);
    if (tensor === undefined) throw new Error(`no weight ${wanted}`);
    const data = new Float32Array(tensor.shape.reduce((product, size) => product * size, 1));
    const initial = family.initial(wanted);
    if (initial !== "normal") return data.fill(initial);
    table ??= normalTable(seed, deviation);
    let from = createRng(`${seed}/${wanted}`).int(DRAWN);
    for (let at = 0; at < data.length; from = 0) {
      const slice = table.subarray(from, from + data.length - at);
      data.set(slice, at);
      at += slice.length;
    }
    return data;
  };
  return {
    config,
    list: () => list,
    read,
    float32File: () => float32Cache({ sha256: `random-${seed}`, list: () => list, read }, cacheDir),
  };
}

function normalTable(seed: number, deviation: number): Float32Array {
  const rng = createRng(`${seed}/random-model`);
  return Float32Array.from({ length: DRAWN }, () => deviation * rng.normal());
}
