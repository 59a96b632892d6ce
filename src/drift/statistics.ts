/** Statistics and effect sizes of the difference of two samples; permutations.ts has their null distributions. */

/**
 * Two-sample Kolmogorov-Smirnov statistic: the largest distance between the empirical distribution functions of the
 * values in the group and of the rest. `order` sorts the values ascending; ties count together.
 */
export function kolmogorovSmirnov(
  values: ArrayLike<number>,
  order: Uint32Array,
  inGroup: Uint8Array,
  groupSize: number,
): number {
  const [step, other] = [1 / groupSize, 1 / (order.length - groupSize)];
  let [gap, largest] = [0, 0];
  for (let i = 0; i < order.length; i++) {
    gap += inGroup[order[i]!] === 1 ? step : -other;
    const tied = i + 1 < order.length && values[order[i]!] === values[order[i + 1]!];
    if (!tied && Math.abs(gap) > largest) largest = Math.abs(gap);
  }
  return largest;
}

/** Places of the values, ascending. */
export function ascending(values: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
}

/**
 * Wasserstein distance of two samples on the line, the area between their distribution functions (Vallender 1974), in
 * units of the first sample's standard deviation (unscaled when that is 0).
 */
export function wasserstein(reference: readonly number[], values: readonly number[]): number {
  const all = [...reference, ...values];
  const order = ascending(all);
  let [gap, area] = [0, 0];
  for (let i = 0; i + 1 < order.length; i++) {
    gap += order[i]! < reference.length ? 1 / reference.length : -1 / values.length;
    area += Math.abs(gap) * (all[order[i + 1]!]! - all[order[i]!]!);
  }
  const mean = reference.reduce((sum, value) => sum + value, 0) / reference.length;
  const variance = reference.reduce((sum, value) => sum + (value - mean) ** 2, 0) / reference.length;
  return area / (Math.sqrt(variance) || 1);
}

/**
 * Pearson's chi-square of a 2 x K table: `counts` of the group, `totals` of both samples together. A cell that neither
 * sample has counts nothing.
 */
export function chiSquare(counts: ArrayLike<number>, totals: ArrayLike<number>): number {
  let [group, all] = [0, 0];
  for (let k = 0; k < totals.length; k++) {
    group += counts[k]!;
    all += totals[k]!;
  }
  const share = group / all;
  let sum = 0;
  for (let k = 0; k < totals.length; k++) {
    // (O - E)^2 / E over both rows of a column, where both have the same O - E.
    const total = totals[k]!;
    if (total > 0) sum += (counts[k]! - total * share) ** 2 / (total * share * (1 - share));
  }
  return sum;
}

/** Jensen-Shannon distance of two distributions given as counts: the root of the divergence in bits, 0 to 1 (Lin 1991). */
export function jensenShannon(a: readonly number[], b: readonly number[]): number {
  const [sizeA, sizeB] = [a, b].map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const bits = (p: number, middle: number): number => (p === 0 ? 0 : p * Math.log2(p / middle));
  let divergence = 0;
  for (let k = 0; k < a.length; k++) {
    const [p, q] = [a[k]! / sizeA!, b[k]! / sizeB!];
    divergence += (bits(p, (p + q) / 2) + bits(q, (p + q) / 2)) / 2;
  }
  return Math.sqrt(Math.max(0, divergence));
}

/**
 * Standard deviations of a count above its mean when `size` of `all` texts are drawn without replacement, of
 * which `total` have the feature (hypergeometric).
 */
export function enrichment(count: number, total: number, size: number, all: number): number {
  const share = size / all;
  const variance = (total * share * (1 - share) * (all - total)) / (all - 1);
  return variance === 0 ? 0 : (count - total * share) / Math.sqrt(variance);
}
