/** Coordinates of a dropout mask: different values give independent streams. */
export interface MaskSite {
  readonly seed: number;
  /** Number of the projection input within the forward pass. */
  readonly site: number;
  readonly step: number;
  /** Number of the micro-batch within the step. */
  readonly microStep: number;
}

/**
 * The LoRA dropout mask: 1 = kept, with probability 1 - dropout (to 1/65536). Element e is decided by 16 bits of the
 * Philox4x32-10 block whose counter is (floor(e / 8), site, step, micro-step) and whose key is (seed, 0), so that any
 * engine can draw the same bits in any order.
 */
export function dropoutMask(site: MaskSite, elements: number, dropout: number): Uint8Array {
  const threshold = keepThreshold(dropout);
  const mask = new Uint8Array(elements);
  const block = new Uint32Array(4);
  for (let e = 0; e < elements; e += 8) {
    philox4x32(block, e >>> 3, site.site, site.step, site.microStep, site.seed >>> 0, 0);
    const end = Math.min(8, elements - e);
    for (let i = 0; i < end; i++) {
      const half = (block[i >>> 1]! >>> ((i & 1) << 4)) & 0xffff;
      mask[e + i] = half >= threshold ? 1 : 0;
    }
  }
  return mask;
}

/** The least of 16 random bits that keeps an element. */
export const keepThreshold = (dropout: number): number => Math.round(dropout * 65536);

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;

/** Philox4x32-10 (Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"): counter and key -> four words. */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0);
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** High 32 bits of the unsigned product, from products of 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const cross = aHigh * bLow + (Math.imul(aLow, bLow) >>> 16);
  const middle = aLow * bHigh + (cross % 65536);
  return (aHigh * bHigh + Math.floor(cross / 65536) + Math.floor(middle / 65536)) | 0;
}
