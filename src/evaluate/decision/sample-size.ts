import { errorFunction, probit } from "simple-statistics";

/** Measured or assumed distribution of the clusters' values. */
export interface Spread {
  /** Standard deviation of a cluster's value. */
  deviation: number;
  /** Distance of the worst value that is possible below the bar. */
  reach: number;
}

/** Power that is planned for where 90 % is promised: the normal approximation overstates it by up to 1.5 points (docs/gate.md). */
const POWER = 0.92;
/** More clusters than this are not asked for. */
const MOST = 1e9;
/** Quantiles of the weight of the unseen cluster, a standard exponential. */
const UNSEEN = Float64Array.from({ length: 100 }, (_, k) => -Math.log(1 - (k + 0.5) / 100));

const normal = (z: number): number => (1 + errorFunction(z / Math.SQRT2)) / 2;

/**
 * Distance of the measured mean above the bar from which on boundP is at most `alpha`: boundP with the sum of the weighted
 * clusters as normal, of mean x and variance (s^2 + x^2) / C, against the exponential weight of the unseen one.
 */
function decisive({ deviation, reach }: Spread, clusters: number, alpha: number): number {
  const p = (x: number) => {
    const error = Math.sqrt((deviation ** 2 + x ** 2) / clusters);
    return (
      UNSEEN.reduce((total, weight) => total + normal(((reach * weight) / clusters - x) / error), 0) / 100
    );
  };
  let [low, high] = [0, reach + 10 * deviation];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (p(middle) > alpha) low = middle;
    else high = middle;
  }
  return high;
}

/** Smallest true distance from the bar that is found with 90 % power. */
export function detectable(spread: Spread, clusters: number, alpha: number): number {
  return decisive(spread, clusters, alpha) + (probit(POWER) * spread.deviation) / Math.sqrt(clusters);
}

/** Probability of finding a true distance from the bar. */
export function powerOf(spread: Spread, clusters: number, distance: number, alpha: number): number {
  const room = distance - decisive(spread, clusters, alpha);
  return spread.deviation === 0 ? Number(room >= 0) : normal((room * Math.sqrt(clusters)) / spread.deviation);
}

/** Clusters with which a distance is found with 90 % power, at least `least`; Infinity beyond a thousand million. */
export function clustersNeeded(spread: Spread, distance: number, alpha: number, least: number): number {
  if (detectable(spread, MOST, alpha) > distance) return Number.POSITIVE_INFINITY;
  let [few, enough] = [least - 1, MOST];
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (detectable(spread, middle, alpha) > distance) few = middle;
    else enough = middle;
  }
  return enough;
}
