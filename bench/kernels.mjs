// Writes bench/KERNELS.md: resources of each kernel on each architecture, from kernels/dist/manifest.json, and the number of its blocks
// that a multiprocessor holds. --print writes to stdout instead. Needs `npm run build`.
import { readFileSync, writeFileSync } from "node:fs";
import { gemmCall, TILES } from "../dist/engines/cuda/gemm/kernel.js";
import { lowerProgram } from "../dist/engines/cuda/lowering/lower.js";
import { occupancy } from "./occupancy.mjs";
import { configOf, MODELS, SHAPES, stepProgram } from "./step-program.mjs";

const manifest = JSON.parse(readFileSync(new URL("../kernels/dist/manifest.json", import.meta.url), "utf8"));

/**
 * {kernel: {threads, sharedBytes}} as the cuda engine launches them, for the models and for settings that no model has. The
 * autotuner may select any tile for a GEMM, so all of them count.
 */
function launches() {
  const seen = {};
  const record = (config, options) => {
    const program = stepProgram(config, { precision: "bf16", ...options });
    const calls = lowerProgram(program).list.commands.flatMap(({ call, gemm }) =>
      call === undefined ? TILES.map((tile) => gemmCall(gemm, tile)) : [call],
    );
    for (const { kernel, threads, sharedBytes } of calls) {
      const known = seen[kernel] ?? { threads: 0, sharedBytes: 0 };
      seen[kernel] = {
        threads: Math.max(known.threads, threads),
        sharedBytes: Math.max(known.sharedBytes, sharedBytes),
      };
    }
  };
  for (const config of MODELS.map(configOf)) {
    for (const [batch, sequence] of SHAPES) record(config, { batch, sequence });
  }
  const small = { ...configOf("smollm2-135m"), layers: 1 };
  for (const headDim of [96, 128]) record({ ...small, headDim }, { batch: 1, sequence: 128 });
  for (const rank of [32, 64, 128]) record(small, { batch: 1, sequence: 128, rank, dropout: 0.1 });
  return seen;
}

const known = launches();
const names = Object.keys(manifest.kernels);
const archs = Object.keys(manifest.kernels[names[0]]);

function rowOf(name) {
  const needs = manifest.kernels[name];
  const { threads, sharedBytes = 0 } = known[name] ?? {};
  const cells = archs.map((arch) => {
    const { registers, shared_bytes } = needs[arch];
    if (threads === undefined) return `${registers}`;
    const { blocks, share } = occupancy(arch, { registers, threads, shared: shared_bytes + sharedBytes });
    return `${registers}, ${blocks} (${Math.round(100 * share)} %)`;
  });
  const all = Object.values(needs);
  const shared = Math.max(...all.map(({ shared_bytes }) => shared_bytes)) + sharedBytes;
  const spills = Math.max(...all.map(({ spill_bytes }) => spill_bytes));
  return `| ${[name, threads ?? "-", threads === undefined ? "-" : shared, spills, ...cells].join(" | ")} |`;
}

const page = `# Kernel resources

Made by \`node bench/kernels.mjs\` from \`kernels/dist/manifest.json\` (nvcc ${manifest.nvcc}, ptxas -v) and the launches of the \`cuda\` engine. **Nothing here is
measured.** A cell holds registers per thread, resident blocks per multiprocessor, and in brackets the occupancy, by NVIDIA's rules
(\`occupancy.mjs\`). Low occupancy is normal for a GEMM on tensor cores, which is limited by registers, and a fault in a memory-bound kernel.
A kernel without threads is in none of these steps.

| kernel | threads | shared memory, bytes | spilled bytes | ${archs.join(" | ")} |
| --- | ---: | ---: | ---: | ${archs.map(() => "---:").join(" | ")} |
${names.map(rowOf).join("\n")}
`;

if (process.argv.includes("--print")) process.stdout.write(page);
else writeFileSync(new URL("KERNELS.md", import.meta.url), page);
