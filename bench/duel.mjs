// Lets lorafit and PyTorch + PEFT take turns at the same training step, and writes bench/results/step-*.json and RESULTS.md.
//
//   node bench/duel.mjs --model DIR [--shapes 1x128,4x128,1x512,8x256] [--rounds 9] [--sides onnx,tfjs-bf16,peft-eager,…]
//                       [--python python3] [--rank 8] [--targets attention] [--supervised 0.5] [--threads 2]
//
// A sample counts as clean when other processes took less than 5 % of the CPU while it ran; a side with fewer than half of
// its samples clean concludes nothing.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeResults } from "./results.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const FOREIGN_LIMIT = 0.05;
const CLEAN_SHARE = 0.5;

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

/** What may stand behind an engine's name in a side's: onnx-recompute, tfjs-bf16. */
const OUR_WAYS = { recompute: ["--recompute"], bf16: ["--precision", "bf16"] };

const fail = (message) => {
  throw new Error(message);
};

/** Command line of a side's step server. */
function commandOf(side, batch, seq) {
  const common = [
    "--model",
    flags.model,
    "--batch",
    batch,
    "--seq",
    seq,
    "--rank",
    flags.rank,
    "--targets",
    flags.targets,
  ];
  common.push("--supervised", flags.supervised, "--threads", flags.threads, "--serve");
  if (side.startsWith("peft-")) {
    return [
      flags.python,
      [join(here, "peers/peft_step.py"), ...common, "--mode", side.slice("peft-".length)],
    ];
  }
  const [engine, ...ways] = side.split("-");
  const extra = ways.flatMap((way) => OUR_WAYS[way] ?? fail(`--sides ${side}: there is no such side`));
  return [
    process.execPath,
    [join(here, "../dist/cli.js"), "bench", "step", "--engine", engine, ...common, ...extra],
  ];
}

async function startServer(side, batch, seq) {
  const [command, args] = commandOf(side, batch, seq);
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${side} ended early`);
    return JSON.parse(value);
  };
  const ready = await read();
  return {
    side,
    ready,
    pid: child.pid,
    samples: [],
    step() {
      child.stdin.write("go\n");
      return read();
    },
    end() {
      child.stdin.end("end\n");
      return new Promise((resolve) => child.on("close", resolve));
    },
  };
}

/** CPU seconds: all that the machine had, was busy with, and spent on the process. */
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

async function sample(server) {
  const before = cpuTimes(server.pid);
  const result = await server.step();
  const after = cpuTimes(server.pid);
  const all = after.all - before.all;
  const foreign = all === 0 ? 0 : Math.max(0, after.busy - before.busy - (after.own - before.own)) / all;
  server.samples.push({ ...result, foreign });
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

function summaryOf({ side, ready, samples }) {
  const clean = samples.filter(({ foreign }) => foreign < FOREIGN_LIMIT);
  const used = clean.length > 0 ? clean : samples;
  const times = used.map(({ ms }) => ms);
  const p50 = median(times);
  const { memory } = samples.at(-1);
  return {
    side,
    tokens_per_second: Math.round((ready.tokens / p50) * 1e3),
    step_ms: {
      p50: Math.round(p50),
      min: Math.round(Math.min(...times)),
      max: Math.round(Math.max(...times)),
    },
    samples: samples.length,
    clean: clean.length,
    conclusive: clean.length >= CLEAN_SHARE * samples.length,
    foreign_cpu_share: median(samples.map(({ foreign }) => foreign)),
    peak_bytes: memory.peak,
    memory_bytes: { anonymous: memory.anonymous, mapped: memory.mapped },
    open_ms: Math.round(ready.open_ms),
    compile_ms: Math.round(ready.compile_ms),
    versions: ready.versions,
  };
}

async function duel(batch, seq) {
  const servers = [];
  try {
    for (const side of flags.sides.split(",")) servers.push(await startServer(side, batch, seq));
    for (let round = 0; round < Number(flags.rounds); round++) {
      for (const server of servers) await sample(server);
    }
    return servers.map(summaryOf);
  } finally {
    for (const server of servers) await server.end();
  }
}

if (flags.model === undefined) throw new Error("--model DIR: which model?");
mkdirSync(join(here, "results"), { recursive: true });
for (const shape of flags.shapes.split(",")) {
  const [batch, seq] = shape.split("x");
  const sides = await duel(batch, seq);
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
