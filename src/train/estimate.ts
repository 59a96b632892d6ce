import { bytesOf, memoryPlan } from "../program/liveness.ts";
import type { Program } from "../program/program.ts";

/** Bytes that a run needs at its widest, by what they hold. */
export interface MemoryEstimate {
  /** The base in float32. */
  readonly weights: number;
  /** Adapter, gradient sum and both moments. */
  readonly state: number;
  readonly inputs: number;
  /** Intermediate values alive at one time, if nothing is fused. */
  readonly activations: number;
  readonly total: number;
}

/** From the Program of the largest batch, without running it. */
export function estimateMemory(program: Program): MemoryEstimate {
  const bytes = (ids: readonly number[]): number =>
    ids.reduce((sum, id) => sum + bytesOf(program.values[id]!), 0);
  const weights = bytes(program.weights);
  const state = bytes(program.state.map((slot) => slot.value));
  const inputs = bytes(program.inputs);
  const activations = memoryPlan(program).peakBytes;
  return { weights, state, inputs, activations, total: weights + state + inputs + activations };
}
