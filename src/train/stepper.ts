import type { Batch } from "../data/batch.ts";
import type { EngineSession, Executable, Tensors } from "../engines/engine.ts";
import { FedMask } from "../engines/fed-mask.ts";
import type { MaskSite } from "../philox.ts";
import type { Program } from "../program/program.ts";
import { batchFeeds, updateFeeds } from "./feeds.ts";
import { type TrainingOptions, type TrainingPrograms, trainingPrograms } from "./programs.ts";

/** Sums over the supervised tokens of one or several batches. */
export interface LossSums {
  readonly lossSum: number;
  readonly correct: number;
  readonly count: number;
}

export interface StepResult extends LossSums {
  /** Norm of the mean gradient before clipping; NaN when a micro-batch was not finite. */
  readonly gradientNorm: number;
  /** False if something was not finite: parameters and moments are unchanged. */
  readonly committed: boolean;
}

/** Position of a step: `index` counts steps from 0, `update` counts committed steps from 1. */
export interface StepPlace {
  readonly index: number;
  readonly update: number;
  readonly learningRate: number;
}

/** Runs optimizer steps and validation batches on a session; compiles Programs when a batch shape first occurs. */
export interface Stepper {
  /** True if a step may be started before the previous one has finished. */
  readonly overlaps: boolean;
  step(batches: readonly Batch[], place: StepPlace): Promise<StepResult>;
  evaluate(batch: Batch): Promise<LossSums>;
  dispose(): Promise<void>;
}

export type StepperOptions = Omit<TrainingOptions, "shape"> & { readonly seed: number };

export function createStepper(session: EngineSession, options: StepperOptions): Stepper {
  const { optimizer, seed, layout } = options;
  const built = new Map<string, TrainingPrograms>();
  const compiled = new Map<string, Promise<Executable>>();

  const executable = (kind: keyof TrainingPrograms, batch: Batch): Promise<Executable> => {
    const shape = { batch: batch.batch, sequence: batch.sequence, labelled: batch.labelled.length };
    const key = Object.values(shape).join("x");
    if (!built.has(key)) built.set(key, trainingPrograms({ ...options, shape }));
    const name = kind === "update" ? kind : `${kind} ${key}`;
    if (!compiled.has(name)) compiled.set(name, session.compile(built.get(key)![kind]));
    return compiled.get(name)!;
  };

  const clearGradient = (): Promise<void> =>
    session.writeState({ gradient: { shape: [layout.size], data: new Float32Array(layout.size) } });

  const single = async (batch: Batch, place: StepPlace): Promise<StepResult> => {
    const step = await executable("step", batch);
    const { outputs, committed } = await step.run({
      ...batchFeeds(batch),
      ...maskFeeds(step.program, { seed, step: place.index, microStep: 0 }),
      ...updateFeeds(optimizer, place.learningRate, place.update, batch.count),
    });
    return { ...sums(outputs, batch), gradientNorm: scalarOf(outputs, "gradient_norm"), committed };
  };

  const several = async (batches: readonly Batch[], place: StepPlace): Promise<StepResult> => {
    const total = { lossSum: 0, correct: 0, count: 0 };
    let finite = true;
    const accumulated = async (batch: Batch, microStep: number): Promise<void> => {
      const accumulate = await executable("accumulate", batch);
      const { outputs, committed } = await accumulate.run({
        ...batchFeeds(batch),
        ...maskFeeds(accumulate.program, { seed, step: place.index, microStep }),
      });
      add(total, sums(outputs, batch));
      finite &&= committed;
    };
    const begun: Promise<void>[] = [];
    for (const [microStep, batch] of batches.entries()) {
      begun.push(accumulated(batch, microStep));
      if (session.overlaps !== true) await begun.at(-1);
    }
    await Promise.all(begun);
    if (finite) {
      const update = await executable("update", batches[0]!);
      const { outputs, committed } = await update.run(
        updateFeeds(optimizer, place.learningRate, place.update, total.count),
      );
      if (committed) return { ...total, gradientNorm: scalarOf(outputs, "gradient_norm"), committed };
    }
    // An incomplete gradient sum, or one that could not be applied, must not reach the next step.
    await clearGradient();
    return { ...total, gradientNorm: Number.NaN, committed: false };
  };

  // An update follows the last of its micro-batches, so nothing may start in between.
  let latest: Promise<unknown> = Promise.resolve();
  let latestOfSeveral = latest;
  return {
    overlaps: session.overlaps === true,
    step(batches, place) {
      const alone = batches.length === 1;
      const result = (alone ? latestOfSeveral : latest).then(() =>
        alone ? single(batches[0]!, place) : several(batches, place),
      );
      latest = result.catch(() => undefined);
      if (!alone) latestOfSeveral = latest;
      return result;
    },
    async evaluate(batch) {
      const { outputs } = await (await executable("evaluate", batch)).run(batchFeeds(batch));
      return sums(outputs, batch);
    },
    async dispose() {
      for (const each of compiled.values()) await (await each).dispose();
    },
  };
}

/** Adds the sums of a batch to a running total. */
export function add(total: { lossSum: number; correct: number; count: number }, part: LossSums): void {
  total.lossSum += part.lossSum;
  total.correct += part.correct;
  total.count += part.count;
}

function sums(outputs: Tensors, batch: Batch): LossSums {
  return {
    lossSum: scalarOf(outputs, "loss_sum"),
    correct: scalarOf(outputs, "correct"),
    count: batch.count,
  };
}

const scalarOf = (outputs: Tensors, name: string): number => Number(outputs[name]!.data[0]);

/** Masks for every dropout site of the Program; empty without dropout. */
export function maskFeeds(program: Program, place: Omit<MaskSite, "site">): Tensors {
  const feeds: Record<string, FedMask> = {};
  for (const id of program.inputs) {
    const { name, shape, mask } = program.values[id]!;
    if (mask === undefined) continue;
    feeds[name] = new FedMask(shape as number[], { ...place, site: mask.site }, mask.dropout);
  }
  return feeds;
}
