import { join } from "node:path";
import type { EngineSession } from "../../src/engines/engine.ts";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import type { Adapter } from "../../src/lora/adapter.ts";
import type { LoraConfig } from "../../src/lora/config.ts";
import { unflattenFactors } from "../../src/lora/flat.ts";
import { loraLayout } from "../../src/lora/layout.ts";
import { writePeft } from "../../src/lora/peft.ts";
import type { WeightSource } from "../../src/model/weights.ts";
import { createRng } from "../../src/rng.ts";
import { logitsProgram } from "../../src/train/programs.ts";

export const baseFolder = join(import.meta.dirname, "../../models/lorafit-base-5m");

export const TEST_LORA: LoraConfig = {
  variant: "lora",
  rank: 4,
  alpha: 8,
  dropout: 0,
  rsLora: false,
  targets: ["q_proj", "v_proj", "down_proj"],
  rankPattern: { v_proj: 2 },
  alphaPattern: {},
};

/** Writes a PEFT folder with random factors that are large enough to change the base's answers. */
export function writeTestAdapter(base: WeightSource, folder: string, seed = "adapter"): Adapter {
  const layout = loraLayout(base.config, TEST_LORA);
  const rng = createRng(seed);
  const flat = Float32Array.from({ length: layout.size }, () => 0.05 * rng.normal());
  writePeft(folder, {
    config: TEST_LORA,
    targetModules: TEST_LORA.targets as string[],
    fanInFanOut: false,
    baseName: "lorafit-base-5m",
    baseSha256: base.sha256,
    tensors: unflattenFactors(layout, flat),
  });
  return { layout, flat };
}

/** Greedy continuations by the training engine, which runs the whole row for each token. Stop tokens are ignored. */
export async function greedyByTraining(
  base: WeightSource,
  adapter: Adapter,
  prompts: readonly (readonly number[])[],
  newTokens: number,
): Promise<number[][]> {
  const S = Math.max(...prompts.map((prompt) => prompt.length)) + newTokens;
  const V = base.config.vocabSize;
  const session: EngineSession = await onnxEngine.open(base);
  const rows = prompts.map((prompt) => [...prompt]);
  try {
    await session.writeState({ parameters: { shape: [adapter.flat.length], data: adapter.flat } });
    const run = await session.compile(logitsProgram(base.config, adapter.layout, rows.length, S));
    const grid = (of: (row: number[], t: number) => number) => ({
      shape: [rows.length, S],
      data: BigInt64Array.from(
        rows.flatMap((row) => Array.from({ length: S }, (_, t) => BigInt(of(row, t)))),
      ),
    });
    for (let n = 0; n < newTokens; n++) {
      const { outputs } = await run.run({
        input_ids: grid((row, t) => row[t] ?? 0),
        positions: grid((row, t) => (t < row.length ? t : 0)),
        segments: grid((row, t) => (t < row.length ? 1 : 0)),
      });
      const logits = outputs["logits"]!.data as Float32Array;
      for (const [b, row] of rows.entries()) {
        const at = (b * S + row.length - 1) * V;
        const last = logits.subarray(at, at + V);
        row.push(last.indexOf(Math.max(...last)));
      }
    }
    return rows.map((row, b) => row.slice(prompts[b]!.length));
  } finally {
    await session.close();
  }
}
