/**
 * sentencepiece's precompiled character map (spm_precompiled 0.1): u32 size of a Darts double-array trie, the trie, then
 * the replacements, each ended by a zero byte.
 * @returns the normalizer: a short grapheme is replaced as a whole where the trie knows it, else character by character
 */
export function charsMapOf(bytes: Buffer): (text: string) => string {
  const trieBytes = bytes.readUInt32LE(0);
  if (trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) throw new Error("the character map is damaged");
  const trie = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  const texts = bytes.subarray(4 + trieBytes);
  const transform = (part: string): string | undefined => {
    const at = shortestPrefix(trie, Buffer.from(part));
    if (at === undefined) return undefined;
    const end = texts.indexOf(0, at);
    return texts.subarray(at, end < 0 ? texts.length : end).toString("utf8");
  };
  const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
  return (text) => {
    let out = "";
    for (const { segment } of segmenter.segment(text)) {
      const whole = Buffer.byteLength(segment) < 6 ? transform(segment) : undefined;
      if (whole !== undefined) out += whole;
      else for (const char of segment) out += transform(char) ?? char;
    }
    return out;
  };
}

/** The value of the shortest key that begins the bytes: `common_prefix_search(...)[0]`. */
function shortestPrefix(trie: Uint32Array, key: Buffer): number | undefined {
  const offset = (unit: number): number => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
  let at = offset(trie[0]!);
  for (const byte of key) {
    if (byte === 0) return undefined;
    at ^= byte;
    const unit = trie[at];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    at ^= offset(unit);
    if (((unit >>> 8) & 1) === 1) return trie[at]! & 0x7fffffff;
  }
  return undefined;
}
