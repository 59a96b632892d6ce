import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { planBatches } from "../../data/plan.ts";
import { LorafitError } from "../../errors.ts";
import { writeFileAtomic } from "../../formats/files.ts";
import { sha256 } from "../../formats/hash.ts";
import { jsonText } from "../../formats/json.ts";
import type { Task } from "../../task/load.ts";
import type { TrainEvent } from "../../train/events.ts";
import { validate } from "../../train/loop.ts";
import { planRun, stepperOptions } from "../../train/plan.ts";
import { trainRun } from "../../train/run.ts";
import { createStepper } from "../../train/stepper.ts";
import type { Project } from "../project.ts";
import { findBudget, placeOf } from "../repair/repair.ts";
import { endStep, parametersOf } from "../repair/trials.ts";
import { trainOptions } from "../train-task.ts";
import { configurationOf, planHash, rungFiles, runOf, type SweepPlan, sweepFolder } from "./plan.ts";
import { taskOf } from "./space.ts";

/** Blocks of held-out rows on which configurations are compared, at most about this many. */
const BLOCKS = 24;

const resultSchema = z.strictObject({
  /** Of the rest of the file; a file that was cut off or edited is not used. */
  sha256: z.string(),
  /** Hash of the rung's plan. */
  plan: z.string(),
  configuration: z.int().min(0),
  /** Best step so far, and the number of steps of the whole training. */
  step: z.int().min(0),
  total_steps: z.int().min(0),
  /** Nats per supervised token on the held-out rows; null when training diverged. */
  loss: z.number().nullable(),
  /** Sums by block of held-out rows, for paired comparisons. */
  blocks: z.array(z.strictObject({ loss_sum: z.number(), count: z.number() })),
  /** Nats per token lost on held-out general text against the base; null without a budget. */
  general_lost: z.number().nullable(),
  parameters: z.int(),
  estimated_bytes: z.number(),
  /** Wall time of this rung alone. */
  seconds: z.number(),
  engine: z.string(),
  /** Reason why training ended without a result. */
  failed: z.string().nullable(),
});

/** sweep/rung-N/part-I.json: result of a configuration in a rung. */
export type PartResult = z.output<typeof resultSchema>;

/**
 * Result of a part.
 * @returns the result, "missing", or the reason why the file cannot be used
 */
export function readPart(
  folder: string,
  plan: SweepPlan,
  index: number,
): PartResult | "missing" | { broken: string } {
  const file = rungFiles(folder, plan.rung).result(index);
  if (!existsSync(file)) return "missing";
  try {
    const result = resultSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    const { sha256: stored, ...content } = result;
    if (stored !== contentHash(content)) return { broken: "its content does not match its hash" };
    if (result.plan !== planHash(plan)) return { broken: "it belongs to another plan" };
    return result;
  } catch {
    return { broken: "it is damaged" };
  }
}

const contentHash = (content: Omit<PartResult, "sha256">): string =>
  sha256(JSON.stringify(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Trains one configuration to the rung's share, measures it and writes its result. A begun training is resumed. */
export async function* runPart(
  project: Project,
  plan: SweepPlan,
  index: number,
  engineName?: string,
): AsyncGenerator<TrainEvent, PartResult> {
  const folder = sweepFolder(project);
  const configuration = taskOf(project.task, configurationOf(plan, index));
  const budget = findBudget(configuration);
  // Holds out general text, as a training within the budget does.
  const task: Task = {
    ...configuration,
    train: { ...configuration.train, seeds: 1, within_budget: budget !== undefined },
  };
  const options = await trainOptions(project, task, engineName ?? "auto");
  const path = runOf(folder, index);
  const began = performance.now();
  let failed: string | null = null;
  try {
    yield* trainRun({ ...options, ...placeOf(path), until: plan.share });
  } catch (error) {
    if (!LorafitError.is(error) || error.kind !== "failed") throw error;
    failed = error.message;
  }
  const measured = await measure(options, failed === null ? path : undefined);
  const content: Omit<PartResult, "sha256"> = {
    plan: planHash(plan),
    configuration: index,
    ...measured,
    seconds: Number(((performance.now() - began) / 1000).toFixed(1)),
    engine: options.engine.name,
    failed,
  };
  const result: PartResult = { sha256: contentHash(content), ...content };
  writeFileAtomic(rungFiles(folder, plan.rung).result(index), jsonText(result));
  return result;
}

type Measured = Omit<PartResult, "sha256" | "plan" | "configuration" | "seconds" | "engine" | "failed">;

/** Losses of a run's best adapter on held-out rows, by blocks; without a run only its size. */
async function measure(
  { task, base, files, engine }: Awaited<ReturnType<typeof trainOptions>>,
  run: string | undefined,
): Promise<Measured> {
  const planned = await planRun(task, base, { files, engine });
  const { validation, general, batchPlan } = planned.data;
  if (validation.length === 0)
    throw new LorafitError(
      "usage",
      "data.validation: no row is held out, so that configurations cannot be compared",
      {
        hint: "add training rows, or raise data.validation",
      },
    );
  const size = {
    total_steps: batchPlan.totalSteps,
    parameters: planned.layout.size,
    estimated_bytes: planned.estimate.total,
  };
  if (run === undefined) return { ...size, step: 0, loss: null, blocks: [], general_lost: null };
  const session = await engine.open(base, { threads: task.train.threads });
  const stepper = createStepper(session, stepperOptions(task, base, planned));
  try {
    const step = endStep(run);
    const adapter = parametersOf({ run, step, scale: 1 }, planned.layout);
    await session.writeState({ parameters: adapter });
    const blocks: PartResult["blocks"] = [];
    const length = blockLength(validation.map(({ ids }) => ids.length));
    const heldOut = planBatches(validation, {
      seed: task.seed,
      packing: task.train.packing,
      sequenceLength: length,
      tokensPerStep: length,
      microBatchTokens: length,
      length: { epochs: 1 },
    });
    for (let i = 0; i < heldOut.stepsPerEpoch; i++)
      for (const batch of heldOut.step(i)) {
        const { lossSum, count } = await stepper.evaluate(batch);
        blocks.push({ loss_sum: lossSum, count });
      }
    let general_lost: number | null = null;
    if (general !== null) {
      const tuned = await validate(stepper, general.batchPlan, 0);
      await session.writeState({
        parameters: { shape: adapter.shape, data: new Float32Array(adapter.data.length) },
      });
      general_lost = tuned.loss - (await validate(stepper, general.batchPlan, 0)).loss;
    }
    const loss = sum(blocks.map((b) => b.loss_sum)) / sum(blocks.map((b) => b.count));
    return { ...size, step, loss, blocks, general_lost };
  } finally {
    await stepper.dispose();
    await session.close();
  }
}

/** Tokens of a block: the longest row at least. */
const blockLength = (lengths: readonly number[]): number =>
  Math.max(...lengths, Math.ceil(sum(lengths) / BLOCKS));

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
