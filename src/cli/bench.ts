import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { precisionOn } from "../engines/precision.ts";
import { ENGINE_NAMES, selectEngine } from "../engines/select.ts";
import { LorafitError } from "../errors.ts";
import { readJson } from "../formats/json.ts";
import { percent } from "../formats/percent.ts";
import { randomModel } from "../model/random.ts";
import { packageVersion } from "../package.ts";
import type { Precision } from "../program/precision.ts";
import {
  type Benchmark,
  type BenchmarkOptions,
  createProfile,
  openBenchmark,
  type ProfileRow,
} from "../train/measure/benchmark.ts";
import { gemmPeak } from "../train/measure/gemm-peak.ts";
import type { Context } from "./terminal/context.ts";
import { cpuTimes, foreignShare, processMemory, resetPeakMemory } from "./terminal/machine.ts";
import { openBase } from "./terminal/task.ts";

/** Share of foreign CPU time above which a timing is not conclusive. */
const FOREIGN_LIMIT = 0.05;

interface Flags {
  readonly model?: string;
  readonly config?: string;
  readonly randomWeights?: true;
  readonly batch: number;
  readonly seq: number;
  readonly rank: number;
  readonly targets: "attention" | "all-linear";
  readonly engine: string;
  readonly steps: number;
  readonly warmup: number;
  readonly supervised: number;
  readonly threads: number;
  readonly recompute?: true;
  readonly precision: Precision | "auto";
  readonly serve?: true;
  readonly profile?: true;
}

export function addBench(program: Command, context: Context): void {
  program
    .command("bench")
    .description("Timings.")
    .command("step")
    .description("Time the training step on random tokens; JSON on stdout.")
    .option("--model <name>", "base: folder, GGUF file or name")
    .option(
      "--config <path>",
      "config.json, or its folder, of a model without weights; needs --random-weights",
    )
    .option("--random-weights", "random weights for --config")
    .option("--batch <n>", "rows", whole, 1)
    .option("--seq <n>", "tokens of a row", whole, 512)
    .option("--rank <n>", "rank of the adapter", whole, 8)
    .addOption(
      new Option("--targets <which>", "adapted projections")
        .choices(["attention", "all-linear"])
        .default("attention"),
    )
    .addOption(new Option("--engine <name>", "engine").choices(ENGINE_NAMES).default("auto"))
    .option("--steps <n>", "timed steps", whole, 10)
    .option("--warmup <n>", "steps before them", whole, 2)
    .option("--supervised <share>", "share of positions that are trained on", share, 0.5)
    .option("--threads <n>", "CPU threads; 0 leaves the choice to the engine", count, 0)
    .option("--recompute", "recompute activations in the backward pass")
    .addOption(
      new Option("--precision <name>", "of the frozen matrices and their products")
        .choices(["auto", "float32", "bf16"])
        .default("auto"),
    )
    .option("--profile", "what the kernels of each operation take, called one by one (cuda, tfjs)")
    .option("--serve", "take one step for each line on stdin, for interleaved timing")
    .action((flags: Flags) => benchStep(flags, context));
}

async function benchStep(flags: Flags, context: Context): Promise<void> {
  const scratchDir = mkdtempSync(join(tmpdir(), "lorafit-bench-"));
  const { engine, version } = await selectEngine(flags.engine, flags.precision);
  try {
    const base = baseOf(flags, context, scratchDir);
    const precision = precisionOn(engine, flags.precision);
    const peak = flags.serve ? Number.NaN : await gemmPeak(engine, { precision, threads: flags.threads });
    resetPeakMemory();
    const profile = flags.profile ? createProfile() : undefined;
    const benchmark = await openBenchmark({
      base,
      engine,
      lora: {
        variant: "lora",
        rank: flags.rank,
        alpha: 2 * flags.rank,
        dropout: 0,
        rsLora: false,
        targets: flags.targets,
        rankPattern: {},
        alphaPattern: {},
      },
      batch: flags.batch,
      sequence: flags.seq,
      supervised: flags.supervised,
      recompute: flags.recompute === true,
      precision,
      threads: flags.threads,
      ...(profile === undefined ? {} : { onKernel: profile.add }),
    });
    const versions = { lorafit: packageVersion(), node: process.versions.node, [engine.name]: version };
    try {
      for (let i = 0; i < flags.warmup; i++) await benchmark.step();
      profile?.clear();
      if (flags.serve) await serve(benchmark, versions);
      else await time(benchmark, peak, flags, { engine: engine.name, precision, versions, profile }, context);
    } finally {
      await benchmark.session.close();
    }
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
}

async function time(
  benchmark: Benchmark,
  gemm: number,
  flags: Flags,
  {
    engine,
    precision,
    versions,
    profile,
  }: {
    readonly engine: string;
    readonly precision: Precision;
    readonly versions: Readonly<Record<string, string>>;
    readonly profile: ReturnType<typeof createProfile> | undefined;
  },
  { output, signal }: Context,
): Promise<void> {
  const times: number[] = [];
  let loss = Number.NaN;
  const before = cpuTimes();
  for (let i = 0; i < flags.steps && !signal.aborted; i++) {
    const step = await benchmark.step();
    times.push(step.ms);
    loss = step.loss;
  }
  if (times.length === 0) throw new LorafitError("interrupted", "stopped before the first timed step");
  const foreign = foreignShare(before, cpuTimes());
  const memory = processMemory();
  const p50 = quantile(times, 0.5);
  const products = benchmark.products();
  const perSecond = (amount: number): number => round(amount / (p50 / 1000));
  const result = {
    tokens_per_second: perSecond(benchmark.tokens),
    supervised_tokens_per_second: perSecond(benchmark.supervisedTokens),
    step_ms: {
      p50: round(p50),
      p95: round(quantile(times, 0.95)),
      min: round(Math.min(...times)),
      n: times.length,
    },
    mfu: round(perSecond(benchmark.flops) / gemm),
    model_flops: benchmark.flops,
    gemm_flops_per_second: Math.round(gemm),
    peak_bytes: memory.peak,
    memory_bytes: {
      anonymous: memory.anonymous,
      mapped: memory.mapped,
      engine_peak: benchmark.session.memory().peakBytes,
    },
    open_ms: round(benchmark.openMs),
    compile_ms: round(benchmark.compileMs),
    loss,
    engine,
    device: benchmark.device,
    versions,
    shape: {
      model: flags.model ?? flags.config,
      batch: flags.batch,
      sequence: flags.seq,
      rank: flags.rank,
      targets: flags.targets,
      supervised: flags.supervised,
      recompute: flags.recompute === true,
      precision,
      threads: flags.threads,
    },
    ...(benchmark.hostCalls === undefined ? {} : { host_calls: benchmark.hostCalls }),
    ...(products === undefined ? {} : { products }),
    ...(profile === undefined ? {} : { profile: profileOf(profile.rows(), times.length) }),
    foreign_cpu_share: round(foreign),
    conclusive: foreign <= FOREIGN_LIMIT,
  };
  const summary = `${Math.round(result.tokens_per_second)} tokens/s, ${result.step_ms.p50} ms a step`;
  output.result(result, output.json ? summary : JSON.stringify(result, null, 2));
  const others = `${percent(foreign)} of the CPU went to others`;
  output.warn(
    result.conclusive ? pc.dim(others) : pc.yellow(`${others}: nothing can be concluded from this`),
  );
}

/** Calls and milliseconds per step. */
const profileOf = (rows: readonly ProfileRow[], steps: number) =>
  rows.map(({ op, kernel, calls, ms }) => ({ op, kernel, calls: calls / steps, ms: round(ms / steps) }));

/** Runs one step per input line, so that another program can interleave it with another trainer. */
async function serve(benchmark: Benchmark, versions: Readonly<Record<string, string>>): Promise<void> {
  const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const { openMs, compileMs, tokens, device } = benchmark;
  say({ ready: true, open_ms: round(openMs), compile_ms: round(compileMs), tokens, device, versions });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "end") break;
    const step = await benchmark.step();
    say({ ...step, memory: { ...processMemory(), engine_peak: benchmark.session.memory().peakBytes } });
  }
}

function baseOf(flags: Flags, context: Context, scratchDir: string): BenchmarkOptions["base"] {
  if ((flags.model === undefined) === (flags.config === undefined)) {
    throw new LorafitError("usage", "bench step: name either --model or --config");
  }
  if (flags.model !== undefined) return openBase(flags.model, context);
  if (!flags.randomWeights) throw new LorafitError("usage", "--config has no weights: add --random-weights");
  const isFolder = statSync(flags.config!, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(flags.config!, "config.json") : flags.config!;
  return randomModel(readJson<Record<string, unknown>>(file, { hint: "name a config.json" }), {
    where: file,
    seed: 1,
    cacheDir: scratchDir,
  });
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a whole number from 1 on.");
  return value;
}

const count = (text: string): number => (text === "0" ? 0 : whole(text));

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("expected a share above 0 and at most 1.");
  return value;
}

/** Quantile by nearest rank. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
