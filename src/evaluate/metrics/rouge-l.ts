/** Lower case, runs of a-z and 0-9: the tokens of google-research/rouge (rouge_score/tokenize.py), without its stemmer. */
const tokens = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/**
 * ROUGE-L F-measure in [0, 1] (Lin 2004, section 3.1, with beta 1, as rouge_score computes it): with L the length of the longest
 * common subsequence, P = L / candidate tokens, R = L / reference tokens, F = 2 P R / (P + R). 0 when either side has no token.
 */
export function rougeL(reference: string, candidate: string): number {
  const [a, b] = [tokens(reference), tokens(candidate)];
  const common = longestCommonSubsequence(a, b);
  return common === 0 ? 0 : (2 * common) / (a.length + b.length);
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let last: number[] = new Array(b.length + 1).fill(0);
  for (const token of a) {
    const row = [0];
    for (let j = 1; j <= b.length; j++) {
      row.push(token === b[j - 1] ? last[j - 1]! + 1 : Math.max(last[j]!, row[j - 1]!));
    }
    last = row;
  }
  return last[b.length]!;
}
