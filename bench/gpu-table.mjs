// Tables of bench/results/gpu-*.json, with each ratio beside its target (docs/design.md, section 3).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { peakRatesOf } from "./peak-rates.mjs";

/** Target ratios of the peer's step time to lorafit's: docs/design.md, section 3. */
const TARGETS = {
  "smollm2-135m 1x512": { eager: 8, compile: 3 },
  "smollm2-135m 8x512": { eager: 4, compile: 1.6 },
  "smollm2-135m 16x1024": { eager: 2.5, compile: 1.3 },
  "qwen2.5-0.5b 8x512": { eager: 2, compile: 1.2 },
  "llama-3.2-1b 8x512": { eager: 1.8, compile: 1.2 },
};
/** Limit from the start of the process to the end of the warm-up; stricter than the design, which limits the first step. */
const READY_MS = 3000;

/** Groups of peers with one target each; the fastest peer of a group counts, so that its best precision does. */
const KINDS = {
  eager: { text: "PEFT eager", peers: /^peft-eager-/ },
  compile: { text: "torch.compile", peers: /^peft-compile-/ },
  graphs: { text: "torch.compile with CUDA graphs", peers: /^peft-(reduce-overhead|cuda-graph)-/ },
  labelled: { text: "PEFT eager, head on labelled positions", peers: /^peft-labelled-head-/ },
};

const verdict = (met) => (met ? "met" : "**missed**");
const nameOf = ({ model, shape }) => `${model} ${shape.batch}x${shape.sequence}`;
const timeOf = ({ step_ms: { p50, p90 } }) => `${p50} (p90 ${p90})`;

/** FLOPs of the step without recomputation, as a share of the GPU's peak rate. */
function shareOf({ machine, profile }, { step_ms }) {
  const peak = peakRatesOf(machine.device);
  if (peak === undefined) return "-";
  return `${Math.round((100 * profile.model_flops) / (peak.flops * (step_ms.p50 / 1e3)))} %`;
}

function rowsOf(result) {
  const { profile, pairs } = result;
  const where = nameOf(result);
  if (profile.failed !== undefined) return [`| ${where} | | | ${profile.failed} | | | | |`];
  const alone = pairs.find(({ peer, ours }) => peer === null && ours !== undefined);
  const first =
    alone === undefined
      ? []
      : [
          `| ${where} | ${alone.ours.tokens_per_second} | ${timeOf(alone.ours)} | - | | | | ${shareOf(result, alone.ours)} |`,
        ];
  return [...first, ...Object.keys(KINDS).flatMap((kind) => kindRow(result, kind))];
}

function kindRow(result, kind) {
  const where = nameOf(result);
  const { text, peers } = KINDS[kind];
  const target = TARGETS[where]?.[kind];
  const aim = target === undefined ? "" : `${target}x`;
  const all = result.pairs.filter(({ peer }) => peer !== null && peers.test(peer));
  const measured = all.filter(({ failed }) => failed === undefined);
  if (measured.length === 0) {
    if (all.length === 0 && target === undefined) return [];
    const why = all.length > 0 ? all.map(({ failed }) => failed).join("; ") : `${text}: not measured`;
    return [`| ${where} | | | ${why} | | ${aim} | | |`];
  }
  const best = measured.reduce((a, b) => (b.theirs.step_ms.p50 < a.theirs.step_ms.p50 ? b : a));
  const { ours, theirs, peer } = best;
  const ratio = theirs.step_ms.p50 / ours.step_ms.p50;
  const sure = ours.conclusive && theirs.conclusive;
  const outcome = target === undefined ? "" : sure ? verdict(ratio >= target) : "not conclusive";
  return [
    `| ${where} | ${ours.tokens_per_second} | ${timeOf(ours)} | ${text}: ${peer.slice(5)} ${timeOf(theirs)} | ${ratio.toFixed(2)}x | ${aim} | ${outcome} | ${shareOf(result, ours)} |`,
  ];
}

function startRow(result) {
  const { pairs } = result;
  const ours = pairs.flatMap(({ ours }) => (ours === undefined ? [] : [ours]));
  if (ours.length === 0) return [];
  const slowest = Math.max(...ours.map(({ ready_ms }) => ready_ms));
  const peak = Math.max(...ours.map(({ engine_peak_bytes }) => engine_peak_bytes));
  const others = pairs.flatMap(({ peer, theirs }) =>
    theirs ? [`${peer.slice(5)} ${seconds(theirs.ready_ms)}, ${mebibytes(theirs.engine_peak_bytes)}`] : [],
  );
  return [
    `| ${nameOf(result)} | ${seconds(slowest)} | ${verdict(slowest < READY_MS)} | ${mebibytes(peak)} | ${others.join("; ")} |`,
  ];
}

const seconds = (ms) => `${(ms / 1e3).toFixed(1)} s`;
const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;

/** Most expensive kernels first. */
function kernelRows(result) {
  const { kernels = [] } = result.profile;
  const all = kernels.reduce((sum, { ms }) => sum + ms, 0);
  return kernels
    .slice(0, 8)
    .map(
      ({ op, kernel, calls, ms }) =>
        `| ${nameOf(result)} | ${op} | ${kernel} | ${calls} | ${ms} | ${all === 0 ? "-" : `${Math.round((100 * ms) / all)} %`} |`,
    );
}

/** cuBLASLt in use, by its path. */
const libraryOf = ({ library }) =>
  library ? `GEMMs by cuBLASLt (${library}) where it is faster` : "no cuBLASLt";

const countOf = ({ shape }) => shape.batch * shape.sequence;

/** Lines of a table; none without rows. */
const table = (head, align, rows) => (rows.length === 0 ? [] : ["", `| ${head} |`, `| ${align} |`, ...rows]);

/** All tables of a folder as Markdown; "" without results. */
export function gpuTables(folder) {
  const results = readdirSync(folder)
    .filter((name) => /^gpu-.*\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")))
    .sort((a, b) => a.model.localeCompare(b.model) || countOf(a) - countOf(b));
  if (results.length === 0) return "";
  const machines = results.map(
    ({ machine: { device, driver, cpu }, date, engine, shape, supervised }) =>
      `${device}, driver ${driver ?? "none"}, ${cpu}; ${date}; ${engine.name} ${engine.version}: ${engine.cases} cases, largest ` +
      `relative error ${engine.worst_error.toExponential(1)}; rank ${shape.rank} on ${shape.targets}, ${100 * supervised} % of positions labelled; ${libraryOf(engine)}.`,
  );
  const sides = results.flatMap(({ pairs }) =>
    pairs.flatMap(({ ours, theirs }) => [ours ?? [], theirs ?? []].flat()),
  );
  const versions = sides.flatMap((side) =>
    Object.entries(side.versions).map(([name, version]) => `${name} ${version}`),
  );
  return [
    "## On a GPU",
    "",
    ...new Set(machines),
    `${[...new Set(versions)].join(", ")}.`,
    ...table(
      "model, shape | tokens/s | ms a step | against, ms a step | faster | target | | share of the peak rate",
      "--- | ---: | ---: | --- | ---: | ---: | --- | ---:",
      results.flatMap(rowsOf),
    ),
    "",
    "Ready is the time from the start of the process to the end of the warm-up; memory is the engine's peak on its device.",
    ...table(
      `model, shape | ready | under ${READY_MS / 1e3} s | memory | peers`,
      "--- | ---: | --- | ---: | ---",
      results.flatMap(startRow),
    ),
    ...table(
      "model, shape | operation | kernel | calls a step | ms a step | of all kernels",
      "--- | --- | --- | ---: | ---: | ---:",
      results.flatMap(kernelRows),
    ),
  ].join("\n");
}
