import { LorafitError, listMistakes } from "../errors.ts";
import type { ModelConfig } from "./config.ts";
import { hiddenProgram, withLogits } from "./llama.ts";

/** Every weight that the Program reads must be there with its shape; all that is missing, misshaped or unknown is listed. */
export function checkWeights(
  config: ModelConfig,
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  where: string,
): void {
  const program = withLogits(config, hiddenProgram(config, 1, 1));
  const expected = new Map(
    program.weights.map((id) => [program.values[id]!.name, program.values[id]!.shape]),
  );
  const mistakes: string[] = [];
  for (const [name, shape] of expected) {
    const found = tensors.get(name)?.shape;
    if (found === undefined) mistakes.push(`${name}: missing`);
    else if (found.join() !== shape.join()) {
      mistakes.push(`${name}: shape [${found.join(", ")}], config.json says [${shape.join(", ")}]`);
    }
  }
  for (const name of tensors.keys()) {
    if (!expected.has(name) && !IGNORED.test(name)) mistakes.push(`${name}: not expected`);
  }
  if (mistakes.length > 0)
    throw new LorafitError("data", `${where}: weights do not fit the config\n${listMistakes(mistakes)}`);
}

/** A tied head stored twice, and rotary tables of old checkpoints. */
const IGNORED = /^lm_head\.weight$|rotary_emb\.inv_freq$/;
