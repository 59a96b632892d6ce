import type { Batch } from "../../data/batch.ts";
import { batchFromLines, labelledCapacity } from "../../data/batch.ts";
import { IGNORED } from "../../data/encode.ts";
import type { Engine, EngineOptions, EngineSession, Executable, KernelTime } from "../../engines/engine.ts";
import { chat } from "../../kinds/chat/chat.ts";
import type { LoraConfig } from "../../lora/config.ts";
import { initialFactors } from "../../lora/initial.ts";
import { loraLayout } from "../../lora/layout.ts";
import type { WeightSource } from "../../model/weights.ts";
import { costOf } from "../../program/cost.ts";
import type { Precision } from "../../program/precision.ts";
import { createRng } from "../../rng.ts";
import { batchFeeds, updateFeeds } from "../feeds.ts";
import { type TrainingOptions, trainingPrograms } from "../programs.ts";

export interface BenchmarkOptions {
  readonly base: Pick<WeightSource, "config" | "read" | "float32File">;
  readonly engine: Engine;
  readonly lora: LoraConfig;
  readonly batch: number;
  readonly sequence: number;
  /** Share of positions that are targets; these are the last ones of each row. */
  readonly supervised: number;
  readonly recompute: boolean;
  readonly precision: Precision;
  /** CPU threads; 0 leaves the choice to the engine. */
  readonly threads: number;
  readonly onKernel?: EngineOptions["onKernel"];
}

/** A training step, compiled and ready to be timed. */
export interface Benchmark {
  readonly device: string;
  readonly tokens: number;
  readonly supervisedTokens: number;
  /** Floating-point operations of one step without recomputation. */
  readonly flops: number;
  readonly openMs: number;
  readonly compileMs: number;
  readonly hostCalls: Executable["hostCalls"];
  /** Kernels of the matrix products in the steps so far. */
  products(): Executable["products"];
  step(): Promise<{ readonly ms: number; readonly loss: number }>;
  readonly session: EngineSession;
}

const OPTIMIZER = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clip: 1, loraPlusRatio: 1 };
const LEARNING_RATE = 1e-4;

/** Opens and compiles one training step on a batch of random tokens. The caller closes the session. */
export async function openBenchmark(options: BenchmarkOptions): Promise<Benchmark> {
  const { base, engine, lora, precision, threads, onKernel } = options;
  const layout = loraLayout(base.config, lora);
  const batch = randomBatch(options);
  const training: TrainingOptions = {
    kind: chat,
    model: base.config,
    layout,
    shape: { batch: batch.batch, sequence: batch.sequence, labelled: batch.labelled.length },
    optimizer: OPTIMIZER,
    dropout: 0,
    recompute: options.recompute,
    precision,
    logitsBytes: engine.logitsBytes,
  };
  const opening = performance.now();
  const session = await engine.open(base, { threads, ...(onKernel === undefined ? {} : { onKernel }) });
  const zeros = () => ({ shape: [layout.size], data: new Float32Array(layout.size) });
  await session.writeState({
    parameters: { shape: [layout.size], data: initialFactors(layout, 1, base) },
    moment1: zeros(),
    moment2: zeros(),
  });
  const compiling = performance.now();
  const step = await session.compile(trainingPrograms(training).step);
  const compiled = performance.now();
  let t = 0;
  return {
    device: session.device,
    session,
    tokens: batch.tokens,
    supervisedTokens: batch.count,
    flops: costOf(trainingPrograms({ ...training, recompute: false }).step).flops,
    openMs: compiling - opening,
    compileMs: compiled - compiling,
    hostCalls: step.hostCalls,
    products: () => step.products,
    async step() {
      t++;
      const began = performance.now();
      const { outputs } = await step.run({
        ...batchFeeds(batch),
        ...updateFeeds(OPTIMIZER, LEARNING_RATE, t, batch.count),
      });
      const ms = performance.now() - began;
      return { ms, loss: Number(outputs["loss_sum"]!.data[0]) / batch.count };
    },
  };
}

function randomBatch({ base, batch, sequence, supervised }: BenchmarkOptions): Batch {
  const rng = createRng("benchmark");
  const first = Math.min(sequence - 1, Math.floor(sequence * (1 - supervised)));
  const lines = Array.from({ length: batch }, () => {
    const ids = Array.from({ length: sequence }, () => rng.int(base.config.vocabSize));
    const targets = ids.map((_, at) => (at + 1 < first ? IGNORED : (ids[at + 1] ?? IGNORED)));
    return { ids, targets, segments: ids.map(() => 1) };
  });
  const labelled = labelledCapacity(batch * (sequence - Math.max(1, first)));
  return batchFromLines(lines, { batch, sequence, labelled });
}

/** Total time of the calls of one kernel for one operation. */
export interface ProfileRow {
  readonly op: string;
  readonly kernel: string;
  readonly calls: number;
  readonly ms: number;
}

/** Accumulates kernel times by operation and kernel. */
export function createProfile() {
  const rows = new Map<string, { op: string; kernel: string; calls: number; ms: number }>();
  return {
    add({ op, kernel, ms }: KernelTime): void {
      const key = `${op} ${kernel}`;
      const row = rows.get(key) ?? { op, kernel, calls: 0, ms: 0 };
      rows.set(key, { ...row, calls: row.calls + 1, ms: row.ms + ms });
    },
    clear: (): void => rows.clear(),
    /** Most expensive first. */
    rows: (): ProfileRow[] => [...rows.values()].sort((a, b) => b.ms - a.ms),
  };
}
