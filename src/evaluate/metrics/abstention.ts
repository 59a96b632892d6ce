import type { HandOver } from "../../task/schema.ts";
import type { Confident } from "./calibration.ts";

/** Outcome of handing over every prediction whose confidence is below a threshold. */
export interface AbstentionPoint {
  readonly below: number;
  /** Share of the predictions that are kept. */
  readonly coverage: number;
  /** Share of the kept predictions that are wrong; null if none is kept. */
  readonly error: number | null;
  /** Mean cost of a row: error_cost for each wrong prediction that is kept, hand_over_cost for each one that is not. */
  readonly cost: number;
}

/** Costs are in the unit of the task's `hand_over`. */
export interface Abstention {
  /** At the task's threshold. */
  readonly chosen: AbstentionPoint;
  /** The cheapest point of the curve, the lowest threshold first. Its cost is optimistic: it was chosen on these rows. */
  readonly cheapest: AbstentionPoint;
  /** Threshold that is cheapest for calibrated confidences: 1 - hand_over_cost / error_cost (Chow 1970), at least 0. */
  readonly calibrated: number;
  /** Thresholds 0, 0.01 .. 1: coverage falls from 1. */
  readonly curve: readonly AbstentionPoint[];
}

const STEPS = 100;

/** Coverage, error and cost of abstention by threshold (risk and coverage of El-Yaniv and Wiener 2010). At least one prediction. */
export function abstention(
  rows: readonly Confident[],
  { below, error_cost, hand_over_cost }: HandOver,
): Abstention {
  const pointAt = (threshold: number): AbstentionPoint => {
    const kept = rows.filter(({ confidence }) => confidence >= threshold);
    const wrong = kept.filter(({ right }) => !right).length;
    return {
      below: threshold,
      coverage: kept.length / rows.length,
      error: kept.length === 0 ? null : wrong / kept.length,
      cost: (wrong * error_cost + (rows.length - kept.length) * hand_over_cost) / rows.length,
    };
  };
  const curve = Array.from({ length: STEPS + 1 }, (_, i) => pointAt(i / STEPS));
  return {
    chosen: pointAt(below),
    cheapest: curve.reduce((best, point) => (point.cost < best.cost ? point : best)),
    calibrated: Math.max(0, 1 - hand_over_cost / error_cost),
    curve,
  };
}
