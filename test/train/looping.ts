import type { Batch } from "../../src/data/batch.ts";
import type { EncodedRow } from "../../src/data/encode.ts";
import { type BatchPlan, planBatches } from "../../src/data/plan.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import { initialFactors } from "../../src/lora/initial.ts";
import { loraLayout } from "../../src/lora/layout.ts";
import { createRng } from "../../src/rng.ts";
import type { LoopEvent } from "../../src/train/events.ts";
import type { LoopOptions } from "../../src/train/loop.ts";
import type { Progress } from "../../src/train/progress.ts";
import { createStepper } from "../../src/train/stepper.ts";
import { OPTIMIZER, randomWeights, TINY_LORA, tinyConfig } from "../tiny-model.ts";

const config = tinyConfig();
const layout = loraLayout(config, TINY_LORA);

export function rows(count: number): EncodedRow[] {
  const rng = createRng("rows");
  return Array.from({ length: count }, (_, n) => {
    const ids = Array.from({ length: 4 + rng.int(8) }, () => rng.int(config.vocabSize));
    const targets = ids.map((_, t) => (t < 1 ? -100 : (ids[t + 1] ?? -100)));
    return {
      id: `r${n}`,
      group: `r${n}`,
      where: `rows:${n}`,
      shape: "messages",
      ids,
      targets,
      weight: 1,
      supervised: ids.length - 2,
      truncated: 0,
    };
  });
}

export const plan = (changes: Partial<Parameters<typeof planBatches>[1]> = {}, count = 24): BatchPlan =>
  planBatches(rows(count), {
    seed: 3,
    length: { epochs: 2 },
    packing: true,
    sequenceLength: 16,
    tokensPerStep: 64,
    microBatchTokens: 64,
    ...changes,
  });

export async function openRun(dropout = 0, engine: Engine = referenceEngine) {
  const base = memoryWeights(randomWeights(config));
  const session = await engine.open(base);
  const zeros = () => ({ shape: [layout.size], data: new Float64Array(layout.size) });
  await session.writeState({
    parameters: { shape: [layout.size], data: initialFactors(layout, 5, base) },
    moment1: zeros(),
    moment2: zeros(),
    gradient: zeros(),
  });
  const stepper = createStepper(session, {
    model: config,
    layout,
    kind: chat,
    optimizer: OPTIMIZER,
    dropout,
    recompute: false,
    precision: engine.precisions[0]!,
    seed: 9,
  });
  return { session, stepper };
}

export type Run = Awaited<ReturnType<typeof openRun>>;

export const looping = (run: Run, changes: Partial<LoopOptions> = {}): LoopOptions => {
  const batches = changes.batchPlan ?? plan();
  return {
    stepper: run.stepper,
    batchPlan: batches,
    validation: plan({ length: { epochs: 1 } }, 6),
    schedule: { peak: 0.01, kind: "cosine", warmupSteps: 1, totalSteps: batches.totalSteps },
    validateEvery: 2,
    checkpointEvery: 3,
    until: batches.totalSteps,
    patience: 0,
    maxNonfiniteSteps: 1,
    save: async ({ step }) => `step-${step}`,
    ...changes,
  };
};

export async function finish(events: AsyncGenerator<LoopEvent, Progress>) {
  const seen: LoopEvent[] = [];
  let next = await events.next();
  for (; !next.done; next = await events.next()) seen.push(next.value);
  return { seen, progress: next.value };
}

export const parametersOf = async ({ session }: Run): Promise<number[]> =>
  Array.from((await session.readState(["parameters"]))["parameters"]!.data as Float64Array);

/** The plan with one batch whose loss is not finite. */
export function poisoned(at: (step: number) => boolean, changes = {}): BatchPlan {
  const sound = plan(changes);
  const spoil = (batch: Batch): Batch => ({
    ...batch,
    lossWeights: batch.lossWeights.map((w) => w * Number.NaN),
  });
  return {
    ...sound,
    step: (index) => sound.step(index).map((batch, i) => (at(index) && i === 0 ? spoil(batch) : batch)),
  };
}
