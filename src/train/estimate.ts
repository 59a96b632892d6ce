import type { Engine } from "../engines/engine.ts";
import { bytesOf, memoryPlan } from "../program/liveness.ts";
import type { Program } from "../program/program.ts";
import { type TrainingOptions, trainingPrograms } from "./programs.ts";

/**
 * Size of onnxruntime's arenas over the memory plan of the Program: measured 1.9 at 4x512 and 2.0 at 16x512 tokens on the
 * bundled base, 2.6 with recomputation.
 */
const ARENA_FACTOR = 2;

/** Peak memory of a run in bytes, by use. */
export interface MemoryEstimate {
  /** Resident set of the process before the engine is opened. */
  readonly process: number;
  /** The base in float32. */
  readonly weights: number;
  /** Adapter, gradient sum and both moments, each before and after an update. */
  readonly state: number;
  /** Inputs and intermediate values of the step and of validation, which has its own arena. */
  readonly activations: number;
  readonly total: number;
  /** Free memory on the device, or of the machine. */
  readonly availableBytes: number;
}

/** Estimates from the Programs of the largest batch without running them; a device engine reports its own plan. */
export function estimateMemory(options: TrainingOptions, engine?: Engine): MemoryEstimate {
  const { step, accumulate, evaluate, update } = trainingPrograms(options);
  const device = engine?.deviceMemory?.([step, accumulate, evaluate, update]);
  if (device !== undefined) {
    const { weights, state, activations, free } = device;
    return {
      process: 0,
      weights,
      state,
      activations,
      total: weights + state + activations,
      availableBytes: free,
    };
  }
  const held = process.memoryUsage.rss();
  const weights = sumOf(step, step.weights);
  // The update Program has the most state.
  const state =
    2 *
    sumOf(
      update,
      update.state.map((slot) => slot.value),
    );
  const planned = [step, evaluate].reduce(
    (sum, program) => sum + sumOf(program, program.inputs) + memoryPlan(program).arenaBytes,
    0,
  );
  const activations = ARENA_FACTOR * planned;
  const total = held + weights + state + activations;
  return { process: held, weights, state, activations, total, availableBytes: process.availableMemory() };
}

const sumOf = (program: Program, ids: readonly number[]): number =>
  ids.reduce((sum, id) => sum + bytesOf(program.values[id]!), 0);
