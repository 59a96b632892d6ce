/** Edit distance with adjacent swaps (optimal string alignment), both words in lower case. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last: number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}

/** Nearest known word with at most a third of the letters different, or undefined. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const normal = (name: string) => name.toLowerCase().replaceAll("-", "_");
  let best: string | undefined;
  let least = Math.floor(Math.max(word.length, 3) / 3) + 1;
  for (const name of known) {
    const d = distance(normal(word), normal(name));
    if (d < least) [best, least] = [name, d];
  }
  return best;
}

/** End of a message about an unknown name: `; did you mean rank?` or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const name = nearest(word, known);
  return name === undefined ? "" : `; did you mean ${name}?`;
}
