// Measures the cuda engine on a machine with a GPU. bench/gpu.md lists what to bring and explains the results.
//
//   node bench/gpu.mjs [--python python3] [--models smollm2-135m,…] [--shapes 1x512,…] [--peers peft-eager-bf16,…]
//                      [--rounds 5] [--burst 10] [--again] [--engine cuda] [--out bench/results]
//
// First the engine's conformance, then for each model and shape its kernel times, and lorafit interleaved with each peer. Every
// finished pair is stored in OUT/gpu-MODEL-SHAPE.json and not measured again, so that an interrupted run continues. Another engine,
// or an emulated driver, is a trial of this script and needs its own OUT.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gpuTables } from "./gpu-table.mjs";
import { interleave, LORAFIT, stepFlags } from "./interleave.mjs";
import { writeResults } from "./results.mjs";

const here = dirname(fileURLToPath(import.meta.url));
/** Models with a target in docs/design.md first. */
const MODELS = "smollm2-135m,qwen2.5-0.5b,llama-3.2-1b,smollm2-360m";
const PEERS =
  "peft-eager-bf16,peft-compile-bf16,peft-eager-autocast,peft-compile-autocast,peft-labelled-head-bf16,peft-reduce-overhead-bf16,peft-cuda-graph-bf16";

const { values: flags } = parseArgs({
  options: {
    models: { type: "string", default: MODELS },
    shapes: { type: "string", default: "8x512,1x512,16x1024" },
    peers: { type: "string", default: PEERS },
    python: { type: "string", default: "python3" },
    rank: { type: "string", default: "16" },
    targets: { type: "string", default: "all-linear" },
    supervised: { type: "string", default: "0.5" },
    rounds: { type: "string", default: "5" },
    burst: { type: "string", default: "10" },
    again: { type: "boolean", default: false },
    engine: { type: "string", default: "cuda" },
    out: { type: "string" },
  },
});

const listOf = (text) => text.split(",").filter((part) => part !== "");

function stop(message, code) {
  console.error(message);
  process.exit(code);
}

/** JSON lines of a lorafit command, and its exit code. */
function lorafit(...args) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [LORAFIT, ...args, "--json"], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return {
    status,
    stderr,
    lines: stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

/** `lorafit doctor`'s report on the engine. Ends the script if the engine cannot run or a result is wrong. */
function conformance() {
  if (!existsSync(LORAFIT)) stop(`${LORAFIT} is missing: npm run build`, 6);
  const { lines } = lorafit("doctor");
  const report = lines.find(({ event, engine }) => event === "engine" && engine === flags.engine);
  if (report === undefined) stop(`this lorafit has no engine ${flags.engine}`, 6);
  if (!report.usable) stop(`no measurement without the engine ${flags.engine}: ${report.reason}`, 6);
  const wrong = report.failures.map(
    ({ op, name, error }) => `${op}, ${name}: off by ${error.toExponential(1)}`,
  );
  if (wrong.length > 0) stop(`${flags.engine} gives wrong results here: ${wrong.join("; ")}`, 6);
  console.log(
    `${flags.engine}: ${report.cases} cases, largest relative error ${report.worst_error.toExponential(1)}`,
  );
  if (report.library) console.log(`cuBLASLt: ${report.library}`);
  else if (flags.engine === "cuda" && process.env.LORAFIT_CUBLASLT !== "off")
    console.warn(
      "warning: no cuBLASLt was found, so lorafit's own kernels do all GEMMs; activate the Python environment with torch, or set LORAFIT_CUBLASLT",
    );
  const { version, cases, worst_error, library = null } = report;
  return { version, cases, worst_error, library };
}

/** Version of NVIDIA's kernel module (Linux); null without one. */
function driverVersion() {
  const file = "/proc/driver/nvidia/version";
  return existsSync(file) ? (/\d{3}\.[\d.]+/.exec(readFileSync(file, "utf8"))?.[0] ?? null) : null;
}

/** Kernel times, FLOPs and device of one step, from lorafit alone. */
function profile(setting) {
  const args = [
    "--engine",
    flags.engine,
    ...stepFlags(setting),
    "--random-weights",
    "--steps",
    "5",
    "--profile",
  ];
  const { status, lines, stderr } = lorafit("bench", "step", ...args);
  if (status !== 0) return { failed: stderr.trim().split("\n").at(-1) };
  const { device, model_flops, profile: kernels, host_calls } = lines[0];
  return { device, model_flops, host_calls, kernels };
}

/** Pairs of an earlier run, unless machine, engine or settings have changed. */
function known(file, head) {
  if (flags.again || !existsSync(file)) return [];
  const { pairs, date: _, profile: __, ...before } = JSON.parse(readFileSync(file, "utf8"));
  return JSON.stringify(before) === JSON.stringify(head)
    ? pairs.filter(({ failed }) => failed === undefined)
    : [];
}

async function measure(name, shape, engine) {
  const [batch, sequence] = shape.split("x").map(Number);
  const config = name.includes("/") ? name : join(here, "models", name);
  const model = basename(config);
  const { rank, targets, supervised, python } = flags;
  const setting = { config, batch, seq: sequence, rank, targets, supervised, threads: 0, python };
  const file = join(out, `gpu-${model}-${shape}.json`);
  const alone = profile(setting);
  const head = {
    model,
    shape: { batch, sequence, rank: Number(rank), targets },
    supervised: Number(supervised),
    engine: { name: flags.engine, ...engine },
    machine: {
      device: alone.device ?? null,
      driver: driverVersion(),
      cpu: cpus()[0].model.trim(),
      cores: cpus().length,
    },
  };
  const pairs = known(file, JSON.parse(JSON.stringify(head)));
  const save = () =>
    writeFileSync(
      file,
      `${JSON.stringify({ ...head, date: new Date().toISOString().slice(0, 10), profile: alone, pairs }, null, 2)}\n`,
    );
  save();
  if (alone.failed !== undefined) return console.log(`${model} ${shape}: ${alone.failed}`);
  const peers = listOf(flags.peers);
  // Without peers lorafit is timed alone.
  for (const peer of peers.length === 0 ? [null] : peers) {
    if (pairs.some((pair) => pair.peer === peer)) continue;
    const sides = [flags.engine, ...(peer === null ? [] : [peer])];
    const how = { rounds: Number(flags.rounds), burst: Number(flags.burst) };
    try {
      const [ours, theirs = null] = await interleave(sides, setting, how);
      pairs.push({ peer, ours, theirs });
      const against = theirs === null ? "" : `, ${peer} ${theirs.step_ms.p50} ms`;
      console.log(`${model} ${shape}: ${flags.engine} ${ours.step_ms.p50} ms${against}`);
    } catch (error) {
      pairs.push({ peer, failed: error.message });
      console.log(`${model} ${shape}: ${error.message}`);
    }
    save();
  }
}

const trial = flags.engine !== "cuda" || process.env.LORAFIT_CUDA_DRIVER !== undefined;
if (trial && flags.out === undefined)
  stop("a trial without a GPU needs --out DIR, apart from the results", 2);
const out = flags.out ?? join(here, "results");
const engine = conformance();
mkdirSync(out, { recursive: true });
for (const model of listOf(flags.models)) {
  for (const shape of listOf(flags.shapes)) await measure(model, shape, engine);
}
console.log(`\n${gpuTables(out)}`);
if (!trial) writeResults(here);
