import type { Engine, HostTensor } from "../../engines/engine.ts";
import { LorafitError } from "../../errors.ts";
import { scaleFactors } from "../../lora/flat.ts";
import type { LoraLayout } from "../../lora/layout.ts";
import type { WeightSource } from "../../model/weights.ts";
import type { Task } from "../../task/load.ts";
import { newestCheckpoint, readCheckpoint, stepsOf } from "../../train/checkpoint.ts";
import { validate } from "../../train/loop.ts";
import { planRun, stepperOptions, type TrainPlan } from "../../train/plan.ts";
import { runFolder } from "../../train/run-folder.ts";
import { createStepper } from "../../train/stepper.ts";

/** A candidate adapter with its losses, in nats per supervised token on held-out rows. */
export interface Trial {
  readonly remedy: "none" | "smaller scale" | "earlier checkpoint" | "more replay";
  readonly step: number;
  /** Factor on B, which scales the whole update. */
  readonly scale: number;
  /** Share of general text in the training tokens. */
  readonly replay_share: number;
  readonly domain: number;
  readonly general: number;
}

/** Source of a trial's parameters. */
export interface Candidate {
  readonly run: string;
  readonly step: number;
  readonly scale: number;
}

export interface Measured {
  readonly domain: number;
  readonly general: number;
}

/** Scales tried on a trained adapter, largest first. */
const SCALES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

/** Measures adapters of one plan on its held-out rows, in one session. */
export interface Meter {
  readonly trainPlan: TrainPlan;
  /** Losses of the base: an adapter of scale 0. */
  base(): Promise<Measured>;
  measure(candidate: Candidate): Promise<Measured>;
  close(): Promise<void>;
}

/** Opens a meter with the run's own plan, so that its held-out rows are those of the training. */
export async function openMeter(options: {
  readonly task: Task;
  readonly base: WeightSource;
  readonly engine: Engine;
  readonly files?: readonly string[];
}): Promise<Meter> {
  const { task, base, engine } = options;
  const trainPlan = await planRun(task, base, { files: options.files, engine });
  const { validationPlan, general } = trainPlan.data;
  if (validationPlan === null || general === null) {
    throw new LorafitError("usage", "train.within_budget: nothing could be held out to measure on", {
      hint: "give more rows to data.train and data.replay.file",
    });
  }
  const session = await engine.open(base, { threads: task.train.threads });
  const stepper = createStepper(session, stepperOptions(task, base, trainPlan));
  const losses = async (parameters: HostTensor): Promise<Measured> => {
    await session.writeState({ parameters });
    return {
      domain: (await validate(stepper, validationPlan, 0)).loss,
      general: (await validate(stepper, general.batchPlan, 0)).loss,
    };
  };
  return {
    trainPlan,
    base: () => losses({ shape: [trainPlan.layout.size], data: new Float32Array(trainPlan.layout.size) }),
    measure: (candidate) => losses(parametersOf(candidate, trainPlan.layout)),
    async close() {
      await stepper.dispose();
      await session.close();
    },
  };
}

/** Parameters [P] of a candidate. */
export function parametersOf({ run, step, scale }: Candidate, layout: LoraLayout): HostTensor {
  const { shape, data } = readCheckpoint(runFolder(run).checkpoints, step).tensors["parameters"]!;
  return { shape, data: scaleFactors(layout, data as Float32Array | Float64Array, scale) };
}

/** Step of a run's final adapter: the best one, or the last where nothing was held out. */
export function endStep(run: string): number {
  const { progress } = newestCheckpoint(runFolder(run).checkpoints)!.state;
  return progress.best?.step ?? progress.step;
}

/**
 * Trials without further training, cheapest first: the adapter as trained; if that exceeds the budget, smaller scales until
 * one fits, then earlier checkpoints.
 */
export async function* cheapTrials(
  meter: Meter,
  run: string,
  fits: (losses: Measured) => boolean,
): AsyncGenerator<Candidate & Measured & Pick<Trial, "remedy">> {
  const measure = async (remedy: Trial["remedy"], step: number, scale: number) => {
    const candidate = { run, step, scale };
    return { remedy, ...candidate, ...(await meter.measure(candidate)) };
  };
  const step = endStep(run);
  const trained = await measure("none", step, 1);
  yield trained;
  if (fits(trained)) return;
  for (const scale of SCALES) {
    const smaller = await measure("smaller scale", step, scale);
    yield smaller;
    if (fits(smaller)) break;
  }
  for (const other of stepsOf(runFolder(run).checkpoints))
    if (other < step) yield await measure("earlier checkpoint", other, 1);
}
