// Writes bench/RESULTS.md from bench/results/step-*.json and gpu-*.json; can also be run as a script.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gpuTables } from "./gpu-table.mjs";

const megabytes = (bytes) => (bytes === null ? "-" : `${Math.round(bytes / 2 ** 20)}`);

function tableOf({ model, shape, supervised, threads, machine, date, sides }) {
  const peer = sides.find(({ side }) => side === "peft-eager");
  const rows = sides.map((row) => {
    const speed =
      peer === undefined || row === peer
        ? ""
        : `${(row.tokens_per_second / peer.tokens_per_second).toFixed(2)}x`;
    const memory =
      peer === undefined || row === peer ? "" : `${(row.peak_bytes / peer.peak_bytes).toFixed(2)}x`;
    const name = row.conclusive ? row.side : `${row.side} (not conclusive)`;
    const times = `${row.step_ms.p50} (${row.step_ms.min} to ${row.step_ms.max})`;
    const { anonymous, mapped } = row.memory_bytes;
    return `| ${name} | ${row.tokens_per_second} | ${speed} | ${times} | ${megabytes(row.peak_bytes)} | ${memory} | ${megabytes(anonymous)} + ${megabytes(mapped)} | ${row.clean} of ${row.samples} |`;
  });
  const versions = sides.flatMap((row) =>
    Object.entries(row.versions ?? {}).map(([name, version]) => `${name} ${version}`),
  );
  return [
    `## ${model}, ${shape.batch}x${shape.sequence}, rank ${shape.rank} on ${shape.targets}`,
    "",
    `${machine.cpu}, ${threads} threads of ${machine.cores}, ${Math.round(machine.memory_bytes / 2 ** 30)} GiB; ${date}; ` +
      `${Math.round(100 * supervised)} % of positions labelled; ${[...new Set(versions)].join(", ")}.`,
    "",
    "| side | tokens/s | against eager | ms a step (range) | peak MiB | against eager | anonymous + mapped MiB at the end | clean samples |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
  ].join("\n");
}

/** Rewrites RESULTS.md beside the folder of results. */
export function writeResults(folder) {
  const results = readdirSync(join(folder, "results"))
    .filter((name) => /^step-.*\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(folder, "results", name), "utf8")))
    .sort(
      (a, b) =>
        a.model.localeCompare(b.model) || a.shape.batch * a.shape.sequence - b.shape.batch * b.shape.sequence,
    );
  const head = [
    "# Measured",
    "",
    "Made by `node bench/duel.mjs` from `results/*.json`. The sides alternate, one step each. A sample is",
    "clean if other processes used less than 5 % of the CPU; medians are over clean samples, and a side with fewer than half of",
    "them clean is marked. `peft-labelled-head` is PyTorch with its head restricted to labelled positions.",
  ].join("\n");
  const sections = [head, ...results.map(tableOf), gpuTables(join(folder, "results"))];
  writeFileSync(join(folder, "RESULTS.md"), `${sections.filter(Boolean).join("\n\n")}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeResults(dirname(fileURLToPath(import.meta.url)));
