/**
 * Metrics of one query's ranking. `gains` are the relevances of the results in ranked order (0 = not relevant); `all` are
 * those of every relevant document, retrieved or not. Means over queries give recall@k, MRR and nDCG@k.
 */

/** Share of the relevant documents among the first k. 0 when nothing is relevant. */
export function recallAt(gains: readonly number[], all: readonly number[], k: number): number {
  const relevant = all.filter((gain) => gain > 0).length;
  return relevant === 0 ? 0 : gains.slice(0, k).filter((gain) => gain > 0).length / relevant;
}

/** 1 / rank of the first relevant result, 0 when there is none: its mean over queries is MRR. */
export function reciprocalRank(gains: readonly number[]): number {
  const first = gains.findIndex((gain) => gain > 0);
  return first < 0 ? 0 : 1 / (first + 1);
}

/**
 * nDCG@k with linear gain (Järvelin and Kekäläinen 2002; scikit-learn's ndcg_score): DCG = sum of gain_i / log2(i + 1) over the first k,
 * over the DCG of the best possible order. 0 when nothing is relevant.
 */
export function ndcgAt(gains: readonly number[], all: readonly number[], k: number): number {
  const dcg = (ordered: readonly number[]) =>
    ordered.slice(0, k).reduce((total, gain, i) => total + gain / Math.log2(i + 2), 0);
  const ideal = dcg([...all].sort((a, b) => b - a));
  return ideal === 0 ? 0 : dcg(gains) / ideal;
}
