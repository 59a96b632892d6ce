import type { Engine } from "../engines/engine.ts";
import { bytesOf, memoryPlan } from "../program/liveness.ts";
import type { Program } from "../program/program.ts";
import { type TrainingOptions, trainingPrograms } from "./programs.ts";

/**
 * What onnxruntime's arenas grow to, over the plan of the Program: 1.9 at 4x512 and 2.0 at 16x512 tokens on the bundled base,
 * 2.6 with recomputation.
 */
const ARENA_FACTOR = 2;

/** Bytes that a run needs at its widest, by what they hold. */
export interface MemoryEstimate {
  /** What the process holds before the engine is opened. */
  readonly process: number;
  /** The base in float32. */
  readonly weights: number;
  /** Adapter, gradient sum and both moments, before and after an update. */
  readonly state: number;
  /** Inputs and intermediate values of the step, and of validation, which keeps an arena of its own. */
  readonly activations: number;
  readonly total: number;
  /** What is free where it is needed. */
  readonly availableBytes: number;
}

/** From the Programs of the largest batch, without running them; on a device, what its engine has planned. */
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
  // Of all Programs, update has the most state.
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
