import { setImmediate } from "node:timers/promises";
import type { Batch } from "../data/batch.ts";
import type { BatchPlan } from "../data/plan.ts";
import { LorafitError } from "../errors.ts";
import type { LoopEvent, StepEnd, ValidationEnd } from "./events.ts";
import { advance, type Progress } from "./progress.ts";
import { learningRate, type Schedule } from "./schedule.ts";
import { add, type LossSums, type Stepper, type StepResult } from "./stepper.ts";

export interface LoopOptions {
  readonly stepper: Stepper;
  readonly batchPlan: BatchPlan;
  /** Null when nothing is held out: the last step is the best one, and training never stops early. */
  readonly validation: BatchPlan | null;
  readonly schedule: Schedule;
  readonly validateEvery: number;
  readonly checkpointEvery: number;
  /** Step after which training pauses, with a validation and a checkpoint; at most all steps. */
  readonly until: number;
  /** Validations without improvement after which training stops; 0 means never. */
  readonly patience: number;
  /** Largest number of consecutive steps that may be skipped because loss or gradient was not finite. */
  readonly maxNonfiniteSteps: number;
  /** Stores adapter, moments and this progress. @returns path of the checkpoint */
  readonly save: (progress: Progress) => Promise<string>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains from `start` to the end and yields events. Each yield after a step is a step boundary; an abort ends the loop at
 * the next one, after a checkpoint.
 * @returns the progress at the end or at the pause
 * @throws interrupted error after an abort; failed error when too many steps in a row, or all of them, were not finite
 */
export async function* trainLoop(options: LoopOptions, start: Progress): AsyncGenerator<LoopEvent, Progress> {
  const { batchPlan, validation, schedule, patience, stepper, signal, until } = options;
  const clock = createClock(until);
  let progress = start;
  let saved = start.step;
  const save = async (): Promise<LoopEvent> => {
    saved = progress.step;
    return { event: "checkpoint-written", step: progress.step, path: await options.save(progress) };
  };

  /** A checkpoint after an error of the machine, such as too little memory, if the state of the last step can be read still. */
  const rescue = async (error: Error): Promise<LoopEvent | undefined> =>
    LorafitError.is(error) && saved !== progress.step && !stepper.overlaps
      ? save().catch(() => undefined)
      : undefined;

  if (progress.step === 0) {
    saved = -1;
    if (validation !== null) yield { ...(await validate(stepper, validation, 0)), best: false };
  }
  const begin = (index: number, update: number): BegunStep => {
    const batches = batchPlan.step(index);
    const rate = learningRate(schedule, index);
    const result = stepper.step(batches, { index, update, learningRate: rate });
    // A rejection reaches the caller that awaits the result; until then it must not count as unhandled.
    result.catch(() => undefined);
    return { batches, rate, result };
  };
  const validates = (step: number): boolean =>
    validation !== null &&
    (step === until || step % options.validateEvery === 0 || step % batchPlan.stepsPerEpoch === 0);
  /** True if validation or a checkpoint follows this step, so the next one may not start early. */
  const looks = (step: number): boolean =>
    step === until || step % options.checkpointEvery === 0 || validates(step);
  let ahead: BegunStep | undefined;
  let before = performance.now();
  while (progress.step < until && !stoppedEarly(progress, patience)) {
    // An engine in plain JavaScript never yields to the event loop, so that signals would not arrive.
    await setImmediate();
    if (signal?.aborted && ahead === undefined) {
      if (saved !== progress.step) yield await save();
      throw new LorafitError("interrupted", `stopped at step ${progress.step} of ${batchPlan.totalSteps}`, {
        hint: "a checkpoint is kept; resume with --resume",
      });
    }
    if (ahead === undefined) before = performance.now();
    const { batches, rate, result: pending } = ahead ?? begin(progress.step, progress.updates + 1);
    // The device starts the next step while this one's outputs are read, assuming that this one is committed.
    const next = progress.step + 1;
    ahead =
      stepper.overlaps && !looks(next) && !signal?.aborted ? begin(next, progress.updates + 2) : undefined;
    const result = await pending.catch((error: Error) => error);
    if (result instanceof Error) {
      const kept = await rescue(result);
      if (kept !== undefined) yield kept;
      throw result;
    }
    const now = performance.now();
    const seconds = (now - before) / 1000;
    before = now;
    progress = advance(progress, result.committed, batchPlan.stepsPerEpoch);
    const { step } = progress;

    if (result.committed) {
      const tokens = sumOf(batches, (batch) => batch.tokens);
      yield {
        event: "step-end",
        step,
        steps: batchPlan.totalSteps,
        epoch: progress.epoch,
        ...means(result),
        gradientNorm: result.gradientNorm,
        learningRate: rate,
        tokens,
        ...clock(step, seconds, tokens),
      } satisfies StepEnd;
    } else {
      const rows = batches.flatMap((batch) => batch.rows);
      const { loss } = means(result);
      yield {
        event: "step-skipped",
        step,
        steps: batchPlan.totalSteps,
        loss,
        inARow: progress.skippedInARow,
        rows,
      };
      const hopeless = step === until && progress.updates === 0;
      if (hopeless || progress.skippedInARow > options.maxNonfiniteSteps) {
        await ahead?.result;
        throw diverged(progress, rows);
      }
    }

    const last = step === until;
    let better = false;
    if (validation !== null && validates(step)) {
      const result = await validate(stepper, validation, step);
      better =
        Number.isFinite(result.loss) && result.loss < (progress.best?.loss ?? Number.POSITIVE_INFINITY);
      progress = better
        ? { ...progress, best: { step, loss: result.loss }, validationsSinceBest: 0 }
        : { ...progress, validationsSinceBest: progress.validationsSinceBest + 1 };
      yield { ...result, best: better };
    }
    if (last || better || step % options.checkpointEvery === 0 || stoppedEarly(progress, patience))
      yield await save();
  }
  return progress;
}

/** A step that was started. */
interface BegunStep {
  readonly batches: readonly Batch[];
  readonly rate: number;
  readonly result: Promise<StepResult>;
}

export function stoppedEarly(progress: Progress, patience: number): boolean {
  return patience > 0 && progress.validationsSinceBest >= patience;
}

/** Loss and accuracy over one pass of held-out rows. */
export async function validate(
  stepper: Stepper,
  batchPlan: BatchPlan,
  step: number,
): Promise<Omit<ValidationEnd, "best">> {
  const total = { lossSum: 0, correct: 0, count: 0 };
  for (let index = 0; index < batchPlan.stepsPerEpoch; index++) {
    for (const batch of batchPlan.step(index)) add(total, await stepper.evaluate(batch));
  }
  return { event: "validation-end", step, ...means(total) };
}

function means(sums: LossSums): { loss: number; accuracy: number; supervisedTokens: number } {
  return {
    loss: sums.lossSum / sums.count,
    accuracy: sums.correct / sums.count,
    supervisedTokens: sums.count,
  };
}

const sumOf = (batches: readonly Batch[], value: (batch: Batch) => number): number =>
  batches.reduce((sum, batch) => sum + value(batch), 0);

/**
 * Speed of recent steps (moving average over about 20), and the time left at the average pace of the run, including validations
 * and checkpoints. Both exclude the first step, which compiles.
 */
function createClock(totalSteps: number) {
  let steps = 0;
  let speed = 0;
  let began = 0;
  return (
    step: number,
    seconds: number,
    tokens: number,
  ): { tokensPerSecond: number; secondsLeft: number } => {
    const now = performance.now() / 1000;
    steps++;
    speed = steps <= 2 ? tokens / seconds : speed + 0.05 * (tokens / seconds - speed);
    if (steps === 1) began = now;
    const pace = steps === 1 ? seconds : (now - began) / (steps - 1);
    return { tokensPerSecond: speed, secondsLeft: (totalSteps - step) * pace };
  };
}

function diverged(progress: Progress, rows: readonly string[]): LorafitError {
  const shown =
    rows.length <= 10 ? rows.join(", ") : `${rows.slice(0, 10).join(", ")} and ${rows.length - 10} more`;
  return new LorafitError(
    "failed",
    `step ${progress.step}: loss or gradient was not finite ${progress.skippedInARow} times in a row; last with rows ${shown}`,
    { hint: "lower train.learning_rate, or look at these rows; the last checkpoint is kept" },
  );
}
