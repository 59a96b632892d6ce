// Interleaves training steps of several servers: `lorafit bench step --serve` and bench/peers/peft_step.py --serve take one step for
// each line that they read.
//
// A side is an engine with optional settings (onnx, onnx-recompute, tfjs-bf16), or peft-MODE-PRECISION in the words of the peer's
// script (peft-eager, peft-compile-autocast; float32 by default).
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** lorafit's built command line. */
export const LORAFIT = join(here, "../dist/cli.js");

/** Largest share of CPU time of other processes in a clean sample. */
const FOREIGN_LIMIT = 0.05;
/** Least share of clean samples for a conclusive median. */
const CLEAN_SHARE = 0.5;

const SETTINGS = { recompute: ["--recompute"], bf16: ["--precision", "bf16"] };
const PEER = /^peft-(.+?)(?:-(float32|bf16|autocast))?$/;

export const isPeer = (side) => PEER.test(side);

/** Flags common to both sides. `config` is a folder with a config.json, for random weights. */
export function stepFlags({ model, config, batch, seq, rank, targets, supervised, threads }) {
  const shape = { batch, seq, rank, targets, supervised, threads };
  const base = model === undefined ? { config } : { model };
  return Object.entries({ ...base, ...shape }).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function commandOf(side, setting) {
  const common = [...stepFlags(setting), "--serve"];
  const peer = PEER.exec(side);
  if (peer !== null) {
    const [, mode, precision = "float32"] = peer;
    return [
      setting.python,
      [join(here, "peers/peft_step.py"), ...common, "--mode", mode, "--precision", precision],
    ];
  }
  const [engine, ...settings] = side.split("-");
  const extra = settings.flatMap((name) => {
    if (!(name in SETTINGS)) throw new Error(`${side}: there is no such side`);
    return SETTINGS[name];
  });
  if (setting.model === undefined) extra.push("--random-weights");
  return [process.execPath, [LORAFIT, "bench", "step", "--engine", engine, ...common, ...extra]];
}

/** Starts a side and waits for its warm-up. If it ends early, the error names the side and quotes the last line of its stderr. */
async function startServer(side, setting) {
  const [command, args] = commandOf(side, setting);
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  const closed = new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  // A write to a process that has ended: its exit is reported by `read`.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value);
    const how = await closed;
    const reason = errors.trim().split("\n").at(-1) || "no output";
    throw Object.assign(new Error(`${side}: ${reason} (${how})`), { side });
  };
  const ready = await read();
  return {
    side,
    ready,
    readyMs: performance.now() - began,
    pid: child.pid,
    samples: [],
    step() {
      child.stdin.write("go\n");
      return read();
    },
    end() {
      child.stdin.end("end\n");
      return closed;
    },
  };
}

/** CPU seconds since boot: available on the machine, busy, and used by the process. */
function cpuTimes(pid) {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used / 1e3;
    all += (used + times.idle) / 1e3;
  }
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  // utime and stime, in ticks of 10 ms
  return { busy, all, own: (Number(fields[11]) + Number(fields[12])) / 100 };
}

/** Takes `burst` consecutive steps. Each is a sample with the CPU share of other processes during the burst. */
async function takeBurst(server, burst) {
  const before = cpuTimes(server.pid);
  const results = [];
  for (let i = 0; i < burst; i++) results.push(await server.step());
  const after = cpuTimes(server.pid);
  const all = after.all - before.all;
  const foreign = all === 0 ? 0 : Math.max(0, after.busy - before.busy - (after.own - before.own)) / all;
  for (const result of results) server.samples.push({ ...result, foreign });
}

/** Nearest rank. */
const quantile = (values, q) =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)];

const tenth = (value) => Math.round(10 * value) / 10;

function summaryOf({ side, ready, readyMs, samples }) {
  const clean = samples.filter(({ foreign }) => foreign < FOREIGN_LIMIT);
  const used = clean.length > 0 ? clean : samples;
  const times = used.map(({ ms }) => ms);
  const p50 = quantile(times, 0.5);
  const { memory, loss } = samples.at(-1);
  const foreign = samples.map((sample) => sample.foreign);
  return {
    side,
    tokens_per_second: Math.round((ready.tokens / p50) * 1e3),
    step_ms: {
      p50: tenth(p50),
      p90: tenth(quantile(times, 0.9)),
      min: tenth(Math.min(...times)),
      max: tenth(Math.max(...times)),
    },
    samples: samples.length,
    clean: clean.length,
    conclusive: clean.length >= CLEAN_SHARE * samples.length,
    foreign_cpu_share: quantile(foreign, 0.5),
    loss,
    peak_bytes: memory.peak,
    memory_bytes: { anonymous: memory.anonymous, mapped: memory.mapped },
    engine_peak_bytes: memory.engine_peak,
    ready_ms: Math.round(readyMs),
    open_ms: Math.round(ready.open_ms),
    compile_ms: Math.round(ready.compile_ms),
    device: ready.device,
    versions: ready.versions,
  };
}

/**
 * Starts all sides, then alternates between them in bursts of `burst` steps, `rounds` times. Returns their summaries. Settings:
 * model or config, batch, seq, rank, targets, supervised, threads, python.
 */
export async function interleave(sides, setting, { rounds, burst = 1 }) {
  const servers = [];
  try {
    for (const side of sides) servers.push(await startServer(side, setting));
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) await takeBurst(server, burst);
    }
    return servers.map(summaryOf);
  } finally {
    for (const server of servers) await server.end();
  }
}
