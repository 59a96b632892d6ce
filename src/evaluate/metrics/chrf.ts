const ORDER = 6;
const BETA = 2;

/** Counts of character n-grams, without white space. */
function ngrams(characters: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= characters.length; i++) {
    const gram = characters.slice(i, i + n).join("");
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

const characters = (text: string): string[] => Array.from(text.replace(/\s+/gu, ""));

/**
 * chrF2 in [0, 1] (Popović 2015; sacrebleu's sentence score over 100, with its default effective order): precision and recall of
 * character n-grams are averaged over those n from 1 to 6 for which both texts have any, then F with beta 2.
 */
export function chrf(reference: string, candidate: string): number {
  const [ref, hyp] = [characters(reference), characters(candidate)];
  const orders = Math.min(ORDER, ref.length, hyp.length);
  let [precision, recall] = [0, 0];
  for (let n = 1; n <= orders; n++) {
    const known = ngrams(ref, n);
    let matches = 0;
    for (const [gram, count] of ngrams(hyp, n)) matches += Math.min(count, known.get(gram) ?? 0);
    precision += matches / (hyp.length - n + 1) / orders;
    recall += matches / (ref.length - n + 1) / orders;
  }
  if (precision + recall === 0) return 0;
  return ((1 + BETA ** 2) * precision * recall) / (BETA ** 2 * precision + recall);
}
