import { gammaln } from "simple-statistics";

/**
 * Upper end of the one-sided exact interval of a share (Clopper and Pearson 1934): the largest p under which `hits` of `trials` or
 * fewer are still seen with probability `alpha`.
 */
export function clopperPearsonUpper(hits, trials, alpha = 0.05) {
  if (hits === trials) return 1;
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const p = (low + high) / 2;
    if (atMost(hits, trials, p) > alpha) low = p;
    else high = p;
  }
  return high;
}

/** Probability of `hits` or fewer in `trials`. */
function atMost(hits, trials, p) {
  let sum = 0;
  for (let k = 0; k <= hits; k++) {
    const ways = gammaln(trials + 1) - gammaln(k + 1) - gammaln(trials - k + 1);
    sum += Math.exp(ways + k * Math.log(p) + (trials - k) * Math.log1p(-p));
  }
  return sum;
}
