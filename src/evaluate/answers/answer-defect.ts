/** Words of an n-gram of the loop measure. */
const ORDER = 4;
/** From this share of repeated 4-grams on, an answer is a loop. */
export const LOOPING = 0.5;

/** Letters and digits as words; in scripts written without spaces every character; every other sign alone. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}]|['’](?=\p{L}))*|[^\s]/gu;

/**
 * Share of an answer's word 4-grams that occurred earlier in it: seq-rep-4 of Welleck et al. 2020 (Neural Text Generation With
 * Unlikelihood Training, arXiv:1908.04319, section 6), over words and signs in lower case. 0 with fewer than two 4-grams.
 */
export function repeatedShare(text: string): number {
  const words = text.toLowerCase().match(WORD) ?? [];
  const total = words.length - ORDER + 1;
  if (total < 2) return 0;
  const distinct = new Set<string>();
  for (let i = 0; i < total; i++) distinct.add(words.slice(i, i + ORDER).join(" "));
  return 1 - distinct.size / total;
}

/** Defect by which an answer fails every check on its text: it is empty or a loop. Undefined for a usable answer. */
export function defectOf(text: string): string | undefined {
  if (!/[\p{L}\p{N}\p{S}]/u.test(text)) return "the answer is empty";
  const share = repeatedShare(text);
  if (share >= LOOPING) return `the answer loops: ${Math.round(100 * share)} % of its 4-grams are repeats`;
  return undefined;
}

/** Reason that a check fails which needs the whole of a cut-off answer. */
export const CUT_OFF = "the answer was cut off at max_new_tokens, and its end matters here";
