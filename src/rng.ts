/** The four words of a generator, to be stored and restored. */
export type RngState = readonly [number, number, number, number];

/** A seeded generator: the same seed gives the same sequence on every machine. */
export interface Rng {
  /** Uniform in [0, 1), 32 bits of it. */
  next(): number;
  /** Fills `words` with 32 random bits each: those of as many calls of next. */
  fill(words: Int32Array): void;
  /** Uniform integer in [0, n), n at most 2^32. */
  int(n: number): number;
  /** Standard normal (Box & Muller 1958), one from two uniforms. */
  normal(): number;
  state(): RngState;
}

/**
 * sfc32 (Chris Doty-Humphrey, PractRand), seeded by three hashes of the seed's text. A string names a stream, such as
 * "7/dropout"; the number 7 and the text "7" are one seed.
 */
export function createRng(seed: number | string): Rng {
  const text = String(seed);
  const rng = restoreRng([hash32(text, 0), hash32(text, 1), hash32(text, 2), 1]);
  for (let i = 0; i < 12; i++) rng.next();
  return rng;
}

/** A generator that continues from this state. */
export function restoreRng(state: RngState): Rng {
  let [a, b, c, counter] = state;
  const next = (): number => {
    const out = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + out) >>> 0;
    return out / 2 ** 32;
  };
  return {
    next,
    fill(words) {
      // Local copies stay in registers, ten times as fast as captured variables.
      let [x, y, z, n] = [a, b, c, counter];
      for (let i = 0; i < words.length; i++) {
        const out = (x + y + n) | 0;
        n = (n + 1) | 0;
        x = y ^ (y >>> 9);
        y = (z + (z << 3)) | 0;
        z = (((z << 21) | (z >>> 11)) + out) | 0;
        words[i] = out;
      }
      [a, b, c, counter] = [x >>> 0, y >>> 0, z >>> 0, n >>> 0];
    },
    int: (n) => Math.floor(next() * n),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    state: () => [a, b, c, counter],
  };
}

/** MurmurHash3 x86 32-bit (Austin Appleby, public domain) of the text's UTF-8 bytes. */
export function hash32(text: string, seed = 0): number {
  const bytes = new TextEncoder().encode(text);
  const tail = bytes.length & ~3;
  let h = seed;
  for (let i = 0; i < tail; i += 4) {
    h ^= scramble(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  let last = 0;
  for (let i = bytes.length - 1; i >= tail; i--) last = (last << 8) | bytes[i]!;
  h ^= scramble(last) ^ bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}
