import type { TrainSettings } from "../task/settings.ts";

export interface Schedule {
  readonly peak: number;
  readonly kind: "constant" | "linear" | "cosine";
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** Schedule of the settings. Warm-up is a number of steps, or a share of all steps rounded up; never more than all. */
export function learningRateSchedule(
  settings: Pick<TrainSettings, "learning_rate" | "schedule" | "warmup_steps" | "warmup_share">,
  totalSteps: number,
): Schedule {
  const wanted = settings.warmup_steps ?? Math.ceil(settings.warmup_share * totalSteps);
  const warmupSteps = Math.min(wanted, totalSteps);
  return { peak: settings.learning_rate, kind: settings.schedule, warmupSteps, totalSteps };
}

/**
 * Learning rate of a step counted from 0. It rises linearly and reaches the peak in the last step of warm-up, so that the
 * first step is not wasted at 0. Linear and cosine then fall to 0 at step `totalSteps`, one past the last.
 */
export function learningRate(schedule: Schedule, step: number): number {
  const { peak, kind, warmupSteps: warmup, totalSteps } = schedule;
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (kind === "constant") return peak;
  const progress = (step - warmup) / Math.max(1, totalSteps - warmup);
  return kind === "linear" ? peak * (1 - progress) : (peak * (1 + Math.cos(Math.PI * progress))) / 2;
}
