/** Two texts, by their places in the two lists, and their Jaccard similarity. */
export interface NearPair {
  readonly left: number;
  readonly right: number;
  readonly similarity: number;
}

const LENGTH = 5;
/** Similarity from which on two texts count as near. */
export const NEAR = 0.8;

/** The set of character 5-grams; a shorter text is its own. */
function shinglesOf(text: string): Set<string> {
  const found = new Set<string>();
  if (text.length < LENGTH) found.add(text);
  for (let i = 0; i + LENGTH <= text.length; i++) found.add(text.slice(i, i + LENGTH));
  return found;
}

/** Each text's shingles as ascending numbers, the rarest shingle first. */
function ranked(lists: readonly (readonly string[])[]): Int32Array[][] {
  const frequency = new Map<string, number>();
  const sets = lists.map((list) => list.map(shinglesOf));
  for (const set of sets.flat()) for (const gram of set) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
  const order = [...frequency].sort(([a, n], [b, m]) => n - m || (a < b ? -1 : 1));
  const rank = new Map(order.map(([gram], i) => [gram, i]));
  return sets.map((list) => list.map((set) => Int32Array.from(set, (gram) => rank.get(gram)!).sort()));
}

/** Rounding must not lose a pair exactly at the threshold. */
const ceil = (value: number): number => Math.ceil(value - 1e-9);

/**
 * All pairs of normalised texts whose 5-grams have a Jaccard similarity of `threshold` or more; exact.
 * Prefix filtering (Chaudhuri et al., ICDE 2006; Bayardo et al., WWW 2007): sets of sizes a and b that similar share at
 * least ceil(t * max(a, b)) elements, hence one among the first n - ceil(t * n) + 1 of each in a common order.
 */
export function nearPairs(left: readonly string[], right: readonly string[], threshold: number): NearPair[] {
  const [leftSets, rightSets] = ranked([left, right]) as [Int32Array[], Int32Array[]];
  const index = createIndex(rightSets, threshold);
  for (const j of rightSets.keys()) index.add(j);
  return leftSets.flatMap((set, left) => index.near(set).map((pair) => ({ left, ...pair })));
}

/** All pairs of places in one list, the later one left. */
export function nearPairsWithin(texts: readonly string[], threshold: number): NearPair[] {
  const [sets] = ranked([texts]) as [Int32Array[]];
  const index = createIndex(sets, threshold);
  return sets.flatMap((set, left) => {
    const pairs = index.near(set).map((pair) => ({ left, ...pair }));
    index.add(left);
    return pairs;
  });
}

/** The sets added so far, by the elements of their prefixes. */
function createIndex(sets: readonly Int32Array[], threshold: number) {
  const prefix = (set: Int32Array) => set.subarray(0, set.length - ceil(threshold * set.length) + 1);
  const holders = new Map<number, number[]>();
  const seenBy = new Int32Array(sets.length).fill(-1);
  let probes = 0;
  return {
    add(right: number): void {
      for (const gram of prefix(sets[right]!)) {
        const list = holders.get(gram);
        if (list === undefined) holders.set(gram, [right]);
        else list.push(right);
      }
    },
    near(set: Int32Array): { right: number; similarity: number }[] {
      const found: { right: number; similarity: number }[] = [];
      probes++;
      for (const gram of prefix(set)) {
        for (const right of holders.get(gram) ?? []) {
          if (seenBy[right] === probes) continue;
          seenBy[right] = probes;
          const similarity = jaccard(set, sets[right]!, threshold);
          if (similarity >= threshold) found.push({ right, similarity });
        }
      }
      return found;
    },
  };
}

/** Of two ascending sets; 0 when their sizes alone rule the threshold out. */
function jaccard(a: Int32Array, b: Int32Array, threshold: number): number {
  if (Math.min(a.length, b.length) < ceil(threshold * Math.max(a.length, b.length))) return 0;
  let [i, j, shared] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const difference = a[i]! - b[j]!;
    if (difference === 0) shared++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return shared / (a.length + b.length - shared);
}
