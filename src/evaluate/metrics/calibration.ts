/** A prediction: the probability that the model gave it, and whether it was right. */
export interface Confident {
  readonly confidence: number;
  readonly right: boolean;
}

/** Predictions of like confidence: their mean confidence and the share that was right. */
export interface CalibrationBin {
  readonly n: number;
  readonly confidence: number;
  readonly accuracy: number;
}

const BINS = 15;

/**
 * Expected calibration error over 15 bins of equal width, and the bins that are not empty (Guo et al. 2017, "On Calibration of Modern
 * Neural Networks", equation 3; a bin holds its upper end). At least one prediction.
 */
export function calibration(rows: readonly Confident[]): { ece: number; bins: CalibrationBin[] } {
  const bins = Array.from({ length: BINS }, (_, i) => {
    const own = rows.filter(
      ({ confidence }) => Math.min(BINS, Math.max(1, Math.ceil(confidence * BINS))) === i + 1,
    );
    const mean = (of: (row: Confident) => number) => own.reduce((sum, row) => sum + of(row), 0) / own.length;
    return {
      n: own.length,
      confidence: mean(({ confidence }) => confidence),
      accuracy: mean(({ right }) => (right ? 1 : 0)),
    };
  }).filter(({ n }) => n > 0);
  const ece = bins.reduce(
    (sum, { n, confidence, accuracy }) => sum + (n / rows.length) * Math.abs(accuracy - confidence),
    0,
  );
  return { ece, bins };
}
