import { join } from "node:path";
import { makeFolder, writeFileAtomic } from "../formats/files.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { createRng } from "../rng.ts";
import { parseModelConfig } from "./config.ts";
import { hiddenProgram, withLogits } from "./llama.ts";

/** Standard deviation of a fresh transformer's weights (Radford et al. 2019, GPT-2). */
const DEVIATION = 0.02;

/** Writes a Hugging Face folder with this config.json and random float32 weights; norms are one. For timing and tests. */
export function writeRandomModel(
  folder: string,
  json: Readonly<Record<string, unknown>>,
  seed: number,
): void {
  const config = parseModelConfig(json, join(folder, "config.json"));
  const program = withLogits(config, hiddenProgram(config, 1, 1));
  const rng = createRng(`${seed}/random-model`);
  const tensors = program.weights.map((id) => {
    const { name, shape } = program.values[id]!;
    const data = new Float32Array((shape as number[]).reduce((product, size) => product * size, 1));
    if (name.includes("norm")) data.fill(1);
    else for (let i = 0; i < data.length; i++) data[i] = DEVIATION * rng.normal();
    return [name, { shape: shape as number[], data }] as const;
  });
  makeFolder(folder);
  writeFileAtomic(join(folder, "config.json"), `${JSON.stringify(json, null, 2)}\n`);
  writeSafetensors(join(folder, "model.safetensors"), new Map(tensors));
}
