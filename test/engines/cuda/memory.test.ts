import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sessionBytes } from "../../../src/engines/cuda/arena.ts";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import { lowerProgram } from "../../../src/engines/cuda/lower.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { loraLayout } from "../../../src/lora/layout.ts";
import { parseModelConfig } from "../../../src/model/config.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  TINY_LORA,
  tinyConfig,
  tinyFeeds,
} from "../../tiny-model.ts";
import { library, missing } from "./emulator.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;

test("SmolLM2-135M, rank 16 on all projections, 8 x 512 with every position trained on: under 3 GiB", () => {
  const file = new URL("../../../bench/models/smollm2-135m/config.json", import.meta.url);
  const model = parseModelConfig(JSON.parse(readFileSync(file, "utf8")), "smollm2-135m");
  const layout = loraLayout(model, { ...TINY_LORA, rank: 16, alpha: 32 });
  const options = { model, layout, optimizer: OPTIMIZER, dropout: 0, precision: "bf16" } as const;
  const shape = { batch: 8, sequence: 512, labelled: 4096 };
  const bytes = [false, true].map((recompute) => {
    const programs = trainingPrograms({ ...options, shape, recompute, logitsBytes: 512 * 2 ** 20 });
    const lowered = Object.values(programs).map((program) => lowerProgram(program));
    const { weights, state, activations } = sessionBytes(lowered);
    return weights + state + activations;
  });
  expect(bytes[0]).toBeLessThan(3 * 2 ** 30);
  expect(bytes[1]).toBeLessThan(2 ** 30);
});

describe.skipIf(missing !== null)("on the emulator", () => {
  test("the plan says what a session takes", async () => {
    const config = tinyConfig();
    const { layout, parameters } = randomAdapter(config);
    const { batch, sequence, labelled } = tinyFeeds(config);
    const options = { model: config, layout, shape: { batch, sequence, labelled }, optimizer: OPTIMIZER };
    const programs = Object.values(
      trainingPrograms({ ...options, dropout: 0.1, recompute: false, precision: "bf16" }),
    );
    const { weights, state, activations } = cudaEngine.deviceMemory!(programs);
    const memory = memoryWeights(randomWeights(config));
    const session = await cudaEngine.open(memory);
    for (const name of ["parameters", "moment1", "moment2", "gradient"])
      await session.writeState({ [name]: parameters });
    for (const program of programs) await session.compile(program);
    const taken = session.memory().liveBytes;
    await session.close();
    memory.dispose();
    // Off by what blocks are rounded up to.
    expect(Math.abs(weights + state + activations - taken)).toBeLessThan(0.02 * taken);
  });
});
