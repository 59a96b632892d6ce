import { LorafitError, listMistakes } from "../errors.ts";
import { FLOATING } from "../formats/safetensors.ts";
import type { ModelConfig } from "./config.ts";
import { familyOf } from "./families/index.ts";
import { modelWeights } from "./programs.ts";

/** More dimensions than a head of any model has. */
const MAX_HEAD = 1 << 14;

/**
 * Refuses sizes that no file of so many tensors can have, before anything is built from them.
 * @throws data error
 */
export function checkSizes({ layers, headDim }: ModelConfig, tensors: number, where: string): void {
  if (layers <= tensors && headDim <= MAX_HEAD) return;
  const what =
    layers > tensors ? `${layers} layers; there are ${tensors} tensors` : `heads of ${headDim} dimensions`;
  throw new LorafitError("data", `${where}: claims ${what}`, { hint: "fetch the model again" });
}

/**
 * Compares the stored tensors with the weights that the Program reads.
 * @throws data error that lists every weight that is missing, misshaped, of another type or unknown
 */
export function checkWeights(
  config: ModelConfig,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly dtype?: string }>,
  where: string,
): void {
  const family = familyOf(config);
  const expected = new Map(modelWeights(config).map(({ name, shape }) => [name, shape]));
  const mistakes: string[] = [];
  for (const [name, shape] of expected) {
    const found = tensors.get(name);
    if (found === undefined) mistakes.push(`${name}: missing`);
    else if (found.shape.join() !== shape.join()) {
      mistakes.push(`${name}: shape [${found.shape.join(", ")}], config.json says [${shape.join(", ")}]`);
    } else if (found.dtype !== undefined && !FLOATING.includes(found.dtype)) {
      mistakes.push(`${name}: is stored as ${found.dtype}; read are ${FLOATING.join(", ")}`);
    }
  }
  for (const name of tensors.keys()) {
    if (!expected.has(name) && !family.ignores(name)) mistakes.push(`${name}: not expected`);
  }
  if (mistakes.length > 0)
    throw new LorafitError("data", `${where}: weights do not fit the config\n${listMistakes(mistakes)}`);
}
