import { join } from "node:path";
import type { Engine, EngineSession, HostTensor, Tensors } from "../engines/engine.ts";
import { writeGrounding } from "../grounding/grounding-index.ts";
import { initialFactors } from "../lora/initial.ts";
import type { LoraLayout } from "../lora/layout.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { writeAdapter } from "./adapter.ts";
import { CHECKPOINT_TENSORS, type Machine, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { TrainEvent } from "./events.ts";
import { stoppedEarly, trainLoop } from "./loop.ts";
import { openMetrics } from "./metrics.ts";
import { planRun, stepperOptions } from "./plan.ts";
import type { DataIdentity, PreparedData } from "./prepare.ts";
import { type Progress, START } from "./progress.ts";
import { configHash, resumeRun } from "./resume.ts";
import {
  createRun,
  newRunId,
  type RunFolder,
  type RunIdentity,
  type RunRecord,
  runFolder,
} from "./run-folder.ts";
import { learningRateSchedule } from "./schedule.ts";
import { createStepper } from "./stepper.ts";

export interface TrainOptions {
  /** With all settings applied. */
  readonly task: Task;
  readonly base: WeightSource;
  readonly engine: Engine;
  /** Version of the engine's native part, for the checkpoint. */
  readonly engineVersion: string;
  /** Version of lorafit, for the record. */
  readonly version: string;
  /** Training files to use instead of the task's. */
  readonly files?: readonly string[];
  /** Path of the run to resume. */
  readonly resume?: string;
  /** Path of a new run; by default runs/ID of the task. */
  readonly folder?: string;
  /** Share of the steps after which training pauses: a checkpoint, no adapter and no run-end. Default 1: train to the end. */
  readonly until?: number;
  readonly signal?: AbortSignal;
}

/**
 * Trains the task's adapter and yields events. Leaves runs/ID with config.json, metrics.jsonl, checkpoints and, at the end,
 * adapter/: PEFT of the step with the lowest validation loss. A paused run is resumed with the same options and a larger `until`.
 * @returns path of the run
 * @throws interrupted error after an abort (a checkpoint is kept); mismatch error when `resume` does not fit; and as
 *   prepareData, the engine and the loop do
 */
export async function* trainRun(options: TrainOptions): AsyncGenerator<TrainEvent, string> {
  const { task, base, engine } = options;
  const { train: settings, seed } = task;
  const planned = await planRun(task, base, { files: options.files, engine });
  const { data, layout, recompute } = planned;
  const machine: Machine = {
    engine: engine.name,
    version: options.engineVersion,
    device: "",
    cpu: "",
    threads: settings.threads,
  };
  const session = await engine.open(base, {
    threads: settings.threads,
  });
  try {
    machine.device = session.device;
    machine.cpu = session.cpu ?? "";
    const now = recordOf({ ...options, engineName: engine.name }, data);
    const resumed = options.resume === undefined ? undefined : resumeRun(options.resume, now, machine);
    const folder =
      resumed === undefined
        ? createRun(options.folder ?? join(task.folder, "runs", now.id), now)
        : runFolder(options.resume!);
    if (data.grounding !== undefined) writeGrounding(folder.path, data.grounding);
    const start = resumed?.checkpoint?.state.progress ?? START;
    yield {
      event: "run-start",
      run: folder.path,
      engine: engine.name,
      device: session.device,
      steps: data.batchPlan.totalSteps,
      stepsPerEpoch: data.batchPlan.stepsPerEpoch,
      parameters: layout.size,
      trainRows: data.train.length,
      validationRows: data.validation.length,
      estimatedBytes: planned.estimate.total,
      availableBytes: planned.estimate.availableBytes,
      recompute,
      from: start.step,
    };
    for (const message of [...planned.warnings, ...(resumed?.warnings ?? [])]) {
      yield { event: "warning", message };
    }

    await session.writeState(resumed?.checkpoint?.tensors ?? initialState(layout, seed, base));
    await session.writeState({ gradient: zeros(layout) });
    const hashes = { base: base.sha256, data: data.sha256, config: configHash(now) };
    const save = async (progress: Progress): Promise<string> => {
      const tensors = await session.readState(CHECKPOINT_TENSORS);
      return writeCheckpoint(
        folder.checkpoints,
        { format_version: 1, progress, seed, hashes, machine },
        tensors,
        { keepAll: settings.within_budget && options.until === undefined },
      );
    };
    const stepper = createStepper(session, stepperOptions(task, base, planned));
    const { totalSteps } = data.batchPlan;
    const until = Math.max(1, Math.round((options.until ?? 1) * totalSteps));
    const events = trainLoop(
      {
        stepper,
        batchPlan: data.batchPlan,
        validation: data.validationPlan,
        schedule: learningRateSchedule(settings, totalSteps),
        validateEvery: settings.validate_every,
        checkpointEvery: settings.checkpoint_every,
        until,
        patience: settings.patience,
        maxNonfiniteSteps: settings.max_nonfinite_steps,
        save,
        signal: options.signal,
      },
      start,
    );
    const measure = openMetrics(folder.metrics);
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      measure(next.value);
      yield next.value;
    }
    const progress = next.value;
    if (until < totalSteps && !stoppedEarly(progress, settings.patience)) {
      await stepper.dispose();
      return folder.path;
    }
    await writeAdapter(folder.adapter, task, base, layout, await bestParameters(folder, session, progress));
    await stepper.dispose();
    yield {
      event: "run-end",
      run: folder.path,
      step: progress.step,
      reason: stoppedEarly(progress, settings.patience) ? "no improvement" : "all steps done",
      best: progress.best,
      adapter: folder.adapter,
      peakBytes: session.memory().peakBytes,
      estimatedBytes: planned.estimate.total,
    };
    return folder.path;
  } finally {
    await session.close();
  }
}

/** The part of a run's record that decides what is trained: base, data and every setting. */
export function runIdentity(task: Task, base: WeightSource, data: DataIdentity): RunIdentity {
  const setting = (key: string, value: unknown) => ({ value, origin: task.origins[key] ?? "default" });
  return {
    base: { name: task.base, sha256: base.sha256 },
    data: { sha256: data.sha256, files: [...data.files] },
    settings: {
      base: setting("base", task.base),
      seed: setting("seed", task.seed),
      ...Object.fromEntries(
        Object.entries(task.train).map(([key, value]) => [`train.${key}`, setting(`train.${key}`, value)]),
      ),
    },
  };
}

/** config.json of a run of this task on this base and data. */
function recordOf(
  options: Pick<TrainOptions, "task" | "base" | "version"> & { readonly engineName: string },
  data: PreparedData,
): RunRecord {
  const { task, base } = options;
  const now = new Date();
  const identity = runIdentity(task, base, data);
  return {
    format_version: 1,
    id: newRunId(now, task.file),
    created: now.toISOString(),
    lorafit: options.version,
    task: { name: task.name, file: task.file },
    base: identity.base,
    data: {
      ...identity.data,
      train_rows: data.train.length,
      validation_rows: data.validation.length,
    },
    engine: options.engineName,
    settings: identity.settings,
  };
}

const zeros = (layout: LoraLayout) => ({ shape: [layout.size], data: new Float32Array(layout.size) });

function initialState(layout: LoraLayout, seed: number, base: WeightSource): Tensors {
  return {
    parameters: { shape: [layout.size], data: initialFactors(layout, seed, base) },
    moment1: zeros(layout),
    moment2: zeros(layout),
  };
}

/** Parameters of the best step's checkpoint; without validation, those of the session. */
async function bestParameters(
  folder: RunFolder,
  session: EngineSession,
  { best }: Progress,
): Promise<HostTensor> {
  const state =
    best === null
      ? await session.readState(["parameters"])
      : readCheckpoint(folder.checkpoints, best.step).tensors;
  return state["parameters"]!;
}
