/** Ids of a pre-tokenized piece. */
export type Model = (text: string) => number[];

export interface BpeOptions {
  readonly vocab: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [string, string])[];
  readonly unkToken: string | null;
  readonly continuingPrefix: string;
  readonly endSuffix: string;
  readonly fuseUnk: boolean;
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
}

/** Pieces whose ids are remembered; words repeat. */
const CACHE_SIZE = 1 << 15;
const LONGEST_CACHED = 256;
/** A pair of ids, and a rank with a place, are packed into one number: 2^26 ids, 2^22 merges, 2^31 places. */
const PAIR = 2 ** 26;
const PLACE = 2 ** 31;

/**
 * Byte pair encoding (Sennrich et al. 2016) as tokenizers' src/models/bpe does it: of all neighbours that merge, the one
 * of lowest rank goes first, and of equal ones the leftmost.
 * @throws Error for a merge whose parts or result are not in the vocabulary
 */
export function bpe(options: BpeOptions): Model {
  const { vocab } = options;
  const ranks = new Map<number, number>();
  const results: number[] = [];
  for (const [rank, [a, b]] of options.merges.entries()) {
    const joined = a + b.slice(options.continuingPrefix.length);
    const [left, right, result] = [a, b, joined].map((token) => vocab.get(token));
    if (left === undefined || right === undefined || result === undefined) {
      throw new Error(`merge ${rank + 1} ("${a} ${b}") has a token that is not in the vocabulary`);
    }
    ranks.set(left * PAIR + right, rank);
    results.push(result);
  }
  const unk = options.unkToken === null ? undefined : vocab.get(options.unkToken);
  if (options.unkToken !== null && unk === undefined) {
    throw new Error(`unk_token "${options.unkToken}" is not in the vocabulary`);
  }
  const symbols = symbolizer(options, unk);
  const cache = new Map<string, number[]>();
  return (text) => {
    const whole = options.ignoreMerges ? vocab.get(text) : undefined;
    if (whole !== undefined) return [whole];
    const known = cache.get(text);
    if (known !== undefined) return known;
    const ids = mergeAll(symbols(text), ranks, results);
    if (text.length <= LONGEST_CACHED && cache.size < CACHE_SIZE) cache.set(text, ids);
    return ids;
  };
}

/** The id of each character, of the bytes of an unknown one, or of the unknown token. */
function symbolizer(options: BpeOptions, unk: number | undefined): Model {
  const { vocab } = options;
  return (text) => {
    const ids: number[] = [];
    const chars = [...text];
    let waiting = false;
    for (const [i, char] of chars.entries()) {
      const symbol = `${i > 0 ? options.continuingPrefix : ""}${char}${i === chars.length - 1 ? options.endSuffix : ""}`;
      const id = vocab.get(symbol);
      if (id !== undefined) {
        if (waiting) ids.push(unk!);
        waiting = false;
        ids.push(id);
        continue;
      }
      const bytes = options.byteFallback ? byteTokens(symbol, vocab) : undefined;
      // tokenizers leaves a waiting unknown token waiting here.
      if (bytes !== undefined) ids.push(...bytes);
      else if (unk !== undefined) {
        if (waiting && !options.fuseUnk) ids.push(unk);
        waiting = true;
      }
    }
    if (waiting) ids.push(unk!);
    return ids;
  };
}

/** Ids of `<0x..>` for each byte; undefined when one is missing. */
export function byteTokens(text: string, vocab: ReadonlyMap<string, number>): number[] | undefined {
  const ids = [...Buffer.from(text)].map((byte) =>
    vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
  );
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

function mergeAll(ids: number[], ranks: ReadonlyMap<number, number>, results: readonly number[]): number[] {
  const next = ids.map((_, i) => (i + 1 < ids.length ? i + 1 : -1));
  const previous = ids.map((_, i) => i - 1);
  const queue = new MinHeap();
  const rankAt = (at: number): number | undefined => {
    const right = next[at]!;
    return right < 0 ? undefined : ranks.get(ids[at]! * PAIR + ids[right]!);
  };
  const push = (at: number): void => {
    const rank = rankAt(at);
    if (rank !== undefined) queue.push(rank * PLACE + at);
  };
  for (let at = 0; at + 1 < ids.length; at++) push(at);
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const at = key % PLACE;
    const rank = (key - at) / PLACE;
    // An entry is out of date when one of its two symbols has been merged since.
    if (ids[at]! < 0 || rankAt(at) !== rank) continue;
    const right = next[at]!;
    ids[at] = results[rank]!;
    ids[right] = -1;
    next[at] = next[right]!;
    if (next[at]! >= 0) previous[next[at]!] = at;
    if (previous[at]! >= 0) push(previous[at]!);
    push(at);
  }
  return ids.filter((id) => id >= 0);
}

class MinHeap {
  readonly #keys: number[] = [];

  push(key: number): void {
    const keys = this.#keys;
    let at = keys.length;
    keys.push(key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      at = parent;
    }
    keys[at] = key;
  }

  pop(): number | undefined {
    const keys = this.#keys;
    const top = keys[0];
    const last = keys.pop();
    if (keys.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= keys.length) break;
      if (child + 1 < keys.length && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= last) break;
      keys[at] = keys[child]!;
      at = child;
    }
    keys[at] = last;
    return top;
  }
}
