import type { Precision } from "../../program/precision.ts";
import { referenceFor } from "../conformance/rounded.ts";
import type { Engine, HostArray } from "../engine.ts";
import { memoryWeights } from "../memory-weights.ts";
import { type TrialStep, trialStep } from "./step.ts";

const STEPS = 3;

/** Vectors that a trial compares, by name. */
type Traces = Readonly<Record<"loss" | "gradient" | "update", Float64Array>>;

/**
 * Largest distance of an engine's vectors from the reference's, relative to their length. float32: sums in another order; the
 * update is that of AdamW, which takes the sign of gradients that are nearly zero. bf16: roundings that fall the other way.
 */
const LIMITS: Readonly<Record<Precision, Readonly<Record<keyof Traces, number>>>> = {
  float32: { loss: 1e-4, gradient: 1e-3, update: 2e-2 },
  bf16: { loss: 2e-2, gradient: 0.1, update: 0.4 },
};

/**
 * Trains a small model for three steps in each precision of the engine and compares with `reference`.
 * @returns how it differs, in one line; null if it does not
 */
export async function tryEngine(engine: Engine): Promise<string | null> {
  for (const precision of engine.precisions) {
    const step = trialStep(precision);
    const [actual, expected] = [await trace(engine, step), await trace(referenceFor(engine), step)];
    for (const [what, limit] of Object.entries(LIMITS[precision]) as [keyof Traces, number][]) {
      const off = distance(actual[what], expected[what]);
      if (!(off <= limit))
        return `its ${what} in ${precision} is off by ${off.toPrecision(2)} of its length, and may be by ${limit}`;
    }
  }
  return null;
}

async function trace(engine: Engine, { program, weights, state, feeds }: TrialStep): Promise<Traces> {
  const memory = memoryWeights(weights);
  const session = await engine.open(memory);
  try {
    await session.writeState(state);
    const executable = await session.compile(program);
    const losses: number[] = [];
    let gradient: HostArray | undefined;
    for (let t = 1; t <= STEPS; t++) {
      const { outputs } = await executable.run(feeds(t));
      losses.push(Number(outputs["loss_sum"]!.data[0]));
      // After the first step, the first moment is the clipped gradient times 1 - beta1.
      gradient ??= (await session.readState(["moment1"]))["moment1"]!.data;
    }
    const after = (await session.readState(["parameters"]))["parameters"]!.data;
    const before = state["parameters"]!.data;
    return {
      loss: Float64Array.from(losses),
      gradient: Float64Array.from(gradient as Float32Array),
      update: Float64Array.from(after as Float32Array, (x, i) => x - Number(before[i])),
    };
  } finally {
    await session.close();
    memory.dispose();
  }
}

/** ‖a - b‖ / ‖b‖; NaN anywhere gives NaN. */
function distance(a: Float64Array, b: Float64Array): number {
  const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  return norm(a.map((value, i) => value - b[i]!)) / norm(b);
}
