// Writes bench/ROOFLINE.md: FLOPs and memory traffic of a step, by model and shape. --print writes to stdout instead. Needs
// `npm run build`.
import { writeFileSync } from "node:fs";
import { cudaEngine } from "../dist/engines/cuda/cuda.js";
import { lowerProgram } from "../dist/engines/cuda/lowering/lower.js";
import { costOfNode } from "../dist/program/cost.js";
import { bytesOf } from "../dist/program/liveness.js";
import { activationsOf } from "../dist/program/precision.js";
import { configOf, MODELS, RANK, SHAPES, stepProgram } from "./step-program.mjs";

/** Reported rates of an H200: a cuBLAS GEMM in bf16 (8192 in each dimension), and a copy. */
const RATES = { flops: 790e12, bytes: 4.3e12 };
/** Gap between two nodes of a CUDA graph in microseconds: assumed, not measured. */
const NODE_GAP = 0.8;

const GROUPS = {
  linear: ["loraLinear", "loraLinearGrad", "linear", "linearGrad"],
  head: ["linearCrossEntropy"],
  attention: ["attention", "attentionGrad"],
  optimizer: ["unflatten", "flatten", "sumSquares", "clipScale", "adamw"],
};
const groupOf = (op) => Object.keys(GROUPS).find((group) => GROUPS[group].includes(op)) ?? "rows";

/** {group: {flops, bytes}} and "all", with activations and frozen matrices in bf16. */
function costs(program) {
  const halves = new Set([
    ...activationsOf(program),
    ...program.weights.filter((id) => program.values[id].shape.length > 1),
  ]);
  const bytes = (value) => (halves.has(value.id) ? bytesOf(value) / 2 : bytesOf(value));
  const sums = { all: { flops: 0, bytes: 0 } };
  for (const node of program.nodes) {
    const cost = costOfNode(program, node, bytes);
    for (const group of ["all", groupOf(node.op)]) {
      sums[group] ??= { flops: 0, bytes: 0 };
      sums[group].flops += cost.flops;
      sums[group].bytes += cost.bytes;
    }
  }
  return sums;
}

const tera = (value) => (value / 1e12).toFixed(value < 1e11 ? 3 : 2);
const giga = (value) => (value / 1e9).toFixed(value < 1e9 ? 2 : 1);
const milli = (seconds) => (seconds * 1e3).toFixed(seconds < 1e-2 ? 2 : 1);

const rows = { flops: [], bytes: [], floors: [] };
for (const model of MODELS) {
  const config = configOf(model);
  for (const [batch, sequence] of SHAPES) {
    const where = `${model} ${batch}x${sequence}`;
    const positions = batch * sequence;
    const cost = costs(stepProgram(config, { batch, sequence }));
    const half = costs(stepProgram(config, { batch, sequence, labelled: positions / 2 }));
    // Only the LoRA products depend on the rank.
    const lora =
      costs(stepProgram(config, { batch, sequence, rank: 2 * RANK })).linear.flops - cost.linear.flops;
    const { linear, head, attention, all } = cost;
    rows.flops.push(
      `| ${where} | ${[linear.flops - lora, head.flops, attention.flops, lora, all.flops, half.all.flops].map(tera).join(" | ")} |`,
    );
    const logits = 4 * 2 * positions * config.vocabSize;
    const moved = all.bytes + logits;
    rows.bytes.push(
      `| ${where} | ${[linear.bytes, attention.bytes, cost.rows.bytes, head.bytes + logits, cost.optimizer.bytes, moved].map(giga).join(" | ")} |`,
    );
    const plan = stepProgram(config, {
      batch,
      sequence,
      labelled: positions / 2,
      precision: "bf16",
      logitsBytes: cudaEngine.logitsBytes,
    });
    const kernels = lowerProgram(plan).list.commands.length;
    const [compute, computeHalf, memory] = [
      all.flops / RATES.flops,
      half.all.flops / RATES.flops,
      moved / RATES.bytes,
    ];
    rows.floors.push(
      `| ${where} | ${milli(compute)} | ${milli(computeHalf)} | ${milli(memory)} | ${kernels} | ${milli(kernels * NODE_GAP * 1e-6)} | ${Math.round(positions / compute / 1e3)} k |`,
    );
  }
}

const page = `# FLOPs and memory traffic of a step

Made by \`node bench/roofline.mjs\` from the configs in \`models/\` and the Program of the step: rank ${RANK} on all seven projections, AdamW, no
recomputation. **Nothing here is measured.** FLOPs are those of \`src/ops/\` (a multiply-add counts two); they agree with 4 P T for the frozen
products, 4 V d T for the head, 3.5 times 2 T S d for causal attention and 6 r (N + K) T for LoRA, less the gradient below the first adapter.

## TFLOP a step

| model, shape | frozen GEMMs | head | attention | LoRA | all | all, half of the positions labelled |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.flops.join("\n")}

## GB a step

Each operation of the Program reads its inputs and writes its outputs once, with activations and frozen matrices in bf16. The logits of all
positions are written, replaced by their gradient in place, and read again (four passes in bf16). Fusion (an addition into a GEMM, a norm into its
reader) moves less; an operation in several kernels moves more.

| model, shape | GEMMs | attention | norms, rotations, gates, sums | head with logits | optimizer | all |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.bytes.join("\n")}

## Lower bounds of the time on an H200

At ${RATES.flops / 1e12} TFLOP/s and ${RATES.bytes / 1e12} TB/s, reported for large GEMMs and a copy. Kernels are the nodes of the \`cuda\` engine's graph with half of
the positions labelled; a gap of ${NODE_GAP} us between two of them is assumed.

| model, shape | compute, ms | half of the positions | memory, ms | kernels | gaps, ms | tokens/s at most |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.floors.join("\n")}
`;

if (process.argv.includes("--print")) process.stdout.write(page);
else writeFileSync(new URL("ROOFLINE.md", import.meta.url), page);
