// Measures lorafit and PyTorch + PEFT on the same training step, interleaved, and writes bench/results/step-*.json and RESULTS.md.
//
//   node bench/duel.mjs --model DIR [--shapes 1x128,4x128,1x512,8x256] [--rounds 9] [--sides onnx,tfjs-bf16,peft-eager,…]
//                       [--python python3] [--rank 8] [--targets attention] [--supervised 0.5] [--threads 2]
//
// A sample is clean if other processes used less than 5 % of the CPU while it ran. A side with fewer than half of its samples clean is
// not conclusive.
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { interleave } from "./interleave.mjs";
import { writeResults } from "./results.mjs";

const here = dirname(fileURLToPath(import.meta.url));

const { values: flags } = parseArgs({
  options: {
    model: { type: "string" },
    shapes: { type: "string", default: "1x128,4x128,1x512,8x256" },
    rounds: { type: "string", default: "9" },
    sides: {
      type: "string",
      default: "onnx,onnx-recompute,tfjs,tfjs-bf16,peft-eager,peft-labelled-head,peft-checkpointing",
    },
    python: { type: "string", default: "python3" },
    rank: { type: "string", default: "8" },
    targets: { type: "string", default: "attention" },
    supervised: { type: "string", default: "0.5" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});

if (flags.model === undefined) throw new Error("--model DIR: which model?");
mkdirSync(join(here, "results"), { recursive: true });
for (const shape of flags.shapes.split(",")) {
  const [batch, seq] = shape.split("x");
  const sides = await interleave(
    flags.sides.split(","),
    { ...flags, batch, seq },
    { rounds: Number(flags.rounds) },
  );
  const model = basename(flags.model);
  const result = {
    model,
    shape: { batch: Number(batch), sequence: Number(seq), rank: Number(flags.rank), targets: flags.targets },
    supervised: Number(flags.supervised),
    threads: Number(flags.threads),
    machine: {
      cpu: cpus()[0].model.trim(),
      cores: availableParallelism(),
      memory_bytes: totalmem(),
    },
    date: new Date().toISOString().slice(0, 10),
    sides,
  };
  const file = join(here, "results", `step-${model}-${shape}-${flags.targets}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  writeResults(here);
  console.log(`${file}: ${sides.map(({ side, step_ms }) => `${side} ${step_ms.p50} ms`).join(", ")}`);
}
