import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import { sessionBytes } from "../../../src/engines/cuda/lowering/arena.ts";
import { lowerProgram } from "../../../src/engines/cuda/lowering/lower.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import type { PackedFormat } from "../../../src/formats/quantise.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { loraLayout } from "../../../src/lora/layout.ts";
import { parseModelConfig } from "../../../src/model/families/index.ts";
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

const SHAPE = { batch: 8, sequence: 512, labelled: 4096 };

/** Planned memory of a session: rank 16 on all projections, 8 x 512 tokens, every position labelled. */
function planned(name: string, recompute: boolean, packed?: PackedFormat) {
  const file = new URL(`../../../bench/models/${name}/config.json`, import.meta.url);
  const model = parseModelConfig(JSON.parse(readFileSync(file, "utf8")), name);
  const layout = loraLayout(model, { ...TINY_LORA, rank: 16, alpha: 32 });
  const programs = trainingPrograms({
    ...{ model, layout, kind: chat, optimizer: OPTIMIZER, dropout: 0, precision: "bf16", shape: SHAPE },
    ...{ recompute, packed, logitsBytes: cudaEngine.logitsBytes },
  });
  const bytes = sessionBytes(Object.values(programs).map((program) => lowerProgram(program)));
  return { ...bytes, total: bytes.weights + bytes.state + bytes.activations };
}

test("SmolLM2-135M, rank 16 on all projections, 8 x 512 with every position labelled: under 3 GiB", () => {
  expect(planned("smollm2-135m", false).total).toBeLessThan(3 * 2 ** 30);
  expect(planned("smollm2-135m", true).total).toBeLessThan(2 ** 30);
});

test("the table of packed weights in docs/cuda.md equals the plan (LORAFIT_WRITE_DOCS=1 rewrites it)", () => {
  const mebibytes = (bytes: number): string =>
    (bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 0 });
  const rows = ["smollm2-135m", "llama-3.2-1b"].flatMap((name) =>
    ([undefined, "q8_0", "q4_0"] as const).map((packed) => {
      const [kept, recomputed] = [planned(name, false, packed), planned(name, true, packed)];
      const parts = [kept.weights, kept.state, kept.activations, kept.total, recomputed.total];
      return `| ${name} | ${packed ?? "bf16"} | ${parts.map(mebibytes).join(" | ")} |`;
    }),
  );
  const head = [
    "| model | base_weights | weights | adapter and moments | activations | total | total, recomputed |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
  ];
  const table = `${[...head, ...rows].join("\n")}\n`;
  const file = new URL("../../../docs/cuda.md", import.meta.url);
  const page = readFileSync(file, "utf8");
  const old = /\| model \| base_weights [\s\S]*?\n(?=\n)/;
  if (process.env["LORAFIT_WRITE_DOCS"] === "1") writeFileSync(file, page.replace(old, table));
  expect(readFileSync(file, "utf8")).toContain(table);
});

describe.skipIf(missing !== null)("on the emulator", () => {
  test("the plan equals the memory of a session", async () => {
    const config = tinyConfig();
    const { layout, parameters } = randomAdapter(config);
    const { batch, sequence, labelled } = tinyFeeds(config);
    const options = {
      model: config,
      layout,
      shape: { batch, sequence, labelled },
      kind: chat,
      optimizer: OPTIMIZER,
    };
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
    // The difference is the rounding of allocations.
    expect(Math.abs(weights + state + activations - taken)).toBeLessThan(0.02 * taken);
  });
});
