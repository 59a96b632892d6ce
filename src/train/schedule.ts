export interface Schedule {
  readonly peak: number;
  readonly kind: "constant" | "linear" | "cosine";
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** Steps of warm-up: the number given, or a share of all steps, rounded up. */
export function warmupSteps(
  settings: { readonly warmup_steps?: number | undefined; readonly warmup_share: number },
  totalSteps: number,
): number {
  return Math.min(settings.warmup_steps ?? Math.ceil(settings.warmup_share * totalSteps), totalSteps);
}

/**
 * Learning rate of a step counted from 0. It rises linearly and reaches the peak in the last step of warm-up, so that the
 * first step is never lost at 0; linear and cosine then fall to 0, which step `totalSteps` would have.
 */
export function learningRate(schedule: Schedule, step: number): number {
  const { peak, kind, warmupSteps: warmup, totalSteps } = schedule;
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (kind === "constant") return peak;
  const progress = (step - warmup) / Math.max(1, totalSteps - warmup);
  return kind === "linear" ? peak * (1 - progress) : (peak * (1 + Math.cos(Math.PI * progress))) / 2;
}
